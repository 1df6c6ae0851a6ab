"""The page as a whole: one file that asks nothing of any other."""

import base64
import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from markupsafe import Markup

from reporting.elements import fill, join

PARTS = Path(__file__).parent


class Section(NamedTuple):
    """A heading with its text, and the figures below it."""

    title: str
    text: Markup
    figures: Sequence[Markup] = ()

    @property
    def anchor(self) -> str:
        """Where links to it lead."""
        return self.title.lower().replace(" ", "-")


def render(title: str, about: Markup, sections: Sequence[Section]) -> str:
    """Return the page. A browser that reads it runs no script but its own and fetches nothing."""
    script = _part("page.js")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    contents = (fill('<li><a href="#{0.anchor}">{0.title}</a></li>', part) for part in sections)
    return fill(
        _part("page.html"),
        script_hash=digest,
        style=_part("page.css"),
        script=script,
        title=title,
        about=about,
        contents=join(contents),
        sections=join(map(_section, sections)),
    )


def _section(section: Section) -> Markup:
    return fill(
        '<section id="{0.anchor}" aria-labelledby="{0.anchor}-title">'
        '<h2 id="{0.anchor}-title">{0.title}</h2>{0.text}{1}</section>',
        section,
        join(section.figures),
    )


def _part(name: str) -> Markup:
    return Markup((PARTS / name).read_text(encoding="utf-8"))  # noqa: S704 (our own)
