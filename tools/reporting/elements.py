"""Parts of the page. Text that they are given is escaped, unless it is Markup already."""

import base64
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd
from markupsafe import Markup
from PIL import Image

MISSING = "–"
TALL = 1000
"""Pixels from which on a picture is not shown at once."""


def fill(template: str, *arguments: Any, **named: Any) -> Markup:
    """Put text into HTML."""
    return Markup(template).format(*arguments, **named)  # noqa: S704 (this is the one place)


def join(parts: Iterable[Markup]) -> Markup:
    """Put HTML one after the other."""
    return Markup("\n").join(parts)


def notice(text: str) -> Markup:
    """Say what the reader should know before anything else."""
    return fill('<p class="notice" role="note">{}</p>', text)


def facts(figures: Iterable[tuple[str, str, str]]) -> Markup:
    """Return figures side by side: of each its name, its value and what to know about it."""
    return fill(
        '<dl class="facts">{}</dl>',
        join(
            fill("<div><dt>{}</dt><dd>{}</dd><dd><small>{}</small></dd></div>", *figure)
            for figure in figures
        ),
    )


def table(rows: pd.DataFrame, caption: str, formats: Mapping[str, str] | None = None) -> Markup:
    """Return a table that sorts by any of its columns.

    The first column names the row. `formats` has the format of those columns of numbers that are
    not to be shown as they are.
    """
    rows = rows.convert_dtypes()
    numeric = rows.select_dtypes("number").columns
    specs: dict[Any, str] = dict.fromkeys(numeric, ",") | dict(formats or {})
    head = (
        fill('<th scope="col" class="{}">{}</th>', "number" if name in numeric else "", name)
        for name in rows
    )
    body = (
        fill(
            "<tr>{}</tr>",
            join(
                _cell(value, specs.get(name), "td" if place else 'th scope="row"')
                for place, (name, value) in enumerate(row.items())
            ),
        )
        for row in rows.to_dict("records")
    )
    return fill(
        '<div class="scroll" tabindex="0" role="region" aria-label="{caption}"><table>'
        "<caption>{caption}</caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody>"
        "</table></div>",
        caption=caption,
        head=join(head),
        body=join(body),
    )


def _cell(value: Any, spec: str | None, tag: str) -> Markup:
    """Return a cell, which has a number as it is beside the one that is shown."""
    if pd.isna(value):
        return fill(f'<{tag} class="{{}}" data-value="">{MISSING}', "number" if spec else "")
    if spec is None:
        return fill(f"<{tag}>{{}}", value)
    return fill(f'<{tag} class="number" data-value="{{}}">{{:{spec}}}', value, value)


def details(summary: str, body: Markup) -> Markup:
    """Return what is shown on demand."""
    return fill("<details><summary>{}</summary>{}</details>", summary, body)


def figure(content: Markup, caption: str) -> Markup:
    """Return a chart or a picture above its caption."""
    return fill("<figure>{}<figcaption>{}</figcaption></figure>", content, caption)


def picture(file: Path, caption: str, alt: str) -> Markup:
    """Return a PNG, within the page itself; one that is taller than a screen is shown on demand."""
    width, height = Image.open(file).size
    image = fill(
        '<img src="data:image/png;base64,{}" width="{}" height="{}" alt="{}">',
        base64.b64encode(file.read_bytes()).decode(),
        width,
        height,
        alt,
    )
    return details(caption, image) if height > TALL else figure(image, caption)
