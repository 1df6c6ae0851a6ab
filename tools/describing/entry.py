"""The entry of a dataset: each line a guess, with its reason as a comment above it."""

import json
import re
import textwrap
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from describing import sides
from describing.classes import in_order
from describing.finding import Finding, Guess, Shape
from shared.console import StageError
from shared.dataset import Table

_WIDTH = 96
_PLAIN = re.compile(
    r"(?!(true|false|null|yes|no|on|off|y|n)$)[a-z][\w./+-]*( [\w./+-]+)*", re.IGNORECASE
)
_MOST_DRAWN = 10_000
_DRAWN = 5  # one of so many rows is drawn for testing
_FIGURES = 3  # shapes whose difference is told


class Described(NamedTuple):
    """The lines of an entry, in order, the classes in theirs, and what a person has to decide.

    `drawn` is how many rows are drawn for testing, 0 where there is a test table.
    """

    guesses: list[Guess]
    classes: dict[str, str]
    shape: Shape
    drawn: int
    undecided: list[str]


def describe(finding: Finding, name: str, origin: str) -> Described:
    """Return the entry's lines for what was found in the files at `origin`."""
    undecided: list[str] = []
    image, shape = _image(finding, undecided)
    if shape.planes and finding.form not in ("csv", "arff", "cifar"):
        lengths = f"{shape.height}, {shape.width}"
        raise StageError(
            f"{_first_path(finding.source[0].value)}: each channel by itself; save the images as "
            f"N×3×height×width: images.reshape(-1, 3, {lengths})"
        )
    if shape.planes:
        why = "neighbours are alike within a channel: one follows the other"
        finding.source.append(Guess("planes", value=True, why=why))
    title = re.sub("[-_]", " ", name).capitalize()
    guesses = [
        Guess("title", title, "this line and the next three are for people, and the model card"),
        Guess("provenance", f"My own images, of {origin}."),
        Guess("homepage", "none"),
        Guess("licence", "unknown"),
        image,
        *finding.top,
        *_look(finding, shape, undecided),
    ]
    classes = _classes(finding)
    named = (
        f"names from {finding.names_from}"
        if finding.names_from
        else "the labels as they are spelled; `{label: name}` gives them other names"
    )
    as_spelled = all(label == class_name for label, class_name in classes.items())
    counted = all(label.isdecimal() and str(int(label)) == label for label in classes)
    values = [int(label) for label in classes] if counted else list(classes)
    guesses.append(Guess("classes", values if as_spelled else classes, f"{len(classes)}: {named}"))
    rows = sum(finding.train.values())
    drawn = max(len(classes), min(_MOST_DRAWN, rows // _DRAWN)) if finding.test is None else 0
    if drawn:
        why = f"there is no test set: so many of {rows:,} rows are drawn"
        guesses.append(Guess("draw_test", {"rows": drawn, "seed": 0}, why))
    guesses.append(
        Guess("source", [Guess("kind", "own"), Guess("form", finding.form), *finding.source])
    )
    undecided += _rows(finding, classes)
    return Described(guesses, classes, shape, drawn, undecided)


def _first_path(value: Any) -> str:
    if isinstance(value, dict):
        return _first_path(value["images"])
    return str(value[0] if isinstance(value, list) else value)


def _image(finding: Finding, undecided: list[str]) -> tuple[Guess, Shape]:
    if finding.shape:
        shape = finding.shape.value
        return Guess("image", _as_image(shape), finding.shape.why), shape
    choice = sides.choose(finding.levels)
    shape = choice.shapes[0]
    pixels = finding.sample.shape[1]
    figures = [
        f"{other}{' in planes' if other.planes else ''} by {difference:.0f}"
        for other, difference in zip(choice.shapes, choice.differences, strict=True)
    ]
    why = f"{pixels:,} pixels; neighbours differ in {', in '.join(figures[:_FIGURES])} levels"
    if len(choice.shapes) == 1:
        why = f"{pixels:,} pixels, and no other sides fit"
    if choice.scrambled:
        undecided.append("image: neighbouring pixels are not alike: scrambled, or no images?")
    elif not choice.clear:
        undecided.append(f"image: {shape} or {choice.shapes[1]}: the picture shows which")
    return Guess("image", _as_image(shape), why), shape


def _as_image(shape: Shape) -> dict[str, int]:
    return {"height": shape.height, "width": shape.width, "channels": shape.channels}


def _look(finding: Finding, shape: Shape, undecided: list[str]) -> Iterator[Guess]:
    """Yield whether images are transposed or inverted, where they may be: pictures are neither."""
    if any(guess.key == "fit" for guess in finding.top):
        return
    levels = finding.levels
    images = sides.shaped(levels, shape if levels.ndim == 2 else shape._replace(planes=False))
    look = sides.look(images)
    emnist = re.search(r"(?<![a-z])emnist", str(finding.source).lower())
    if look.lying or emnist:
        why = f"what they show is {look.wide:.0f} wide and {look.high:.0f} high"
        if emnist:
            why = "EMNIST's own files have it transposed"
        undecided.append(
            f"transposed: {why}: if they lie on their side in the picture, write `transposed: true`"
        )
        yield Guess(
            "transposed", value=False, why=f"{why}: true if they lie on their side in the picture"
        )
    if look.inverted and shape.channels == 1:
        why = f"dark on light: {look.even:.0%} of the border is near {look.border}; or else false"
        yield Guess("inverted", value=True, why=why)


def _classes(finding: Finding) -> dict[str, str]:
    labels = {*finding.train, *(finding.test or {})}
    told = [label for label in finding.names if label in labels] if finding.form == "arff" else []
    order = [*told, *in_order(labels.difference(told))]
    return {label: finding.names.get(label, label) for label in order}


def _rows(finding: Finding, classes: Mapping[str, str]) -> list[str]:
    """Return what is said of classes with too few rows."""
    least = 3 if finding.test is None else 2
    few = [label for label in classes if finding.train.get(label, 0) < least]
    if not few:
        return []
    told = ", ".join(f"{classes[label]} has {finding.train.get(label, 0)}" for label in few[:9])
    aims = "train, validate and test" if least > 2 else "train and validate"
    return [f"classes: too few rows to {aims} on: {told}; add rows, or take those out"]


def write_entry(described: Described, pins: Mapping[str, Table]) -> str:
    """Return the text of the entry, with the rows and SHA-256 of its tables."""
    lines = ["# Written by tools/describe.py: a line is a guess, and its reason stands above it."]
    for remark in described.undecided:
        lines += _comment(f"To be decided by a person: {remark}", "")
    for guess in described.guesses:
        if guess.key == "source":
            for part, table in pins.items():
                why = "`python tools/describe.py --refresh NAME` pins changed data anew"
                pin = Guess(part, {"rows": table.rows, "sha256": table.sha256}, why)
                lines += _lines(pin._replace(why=why if part == "train" else ""), "")
            lines.append("source:")
            lines += [line for inner in guess.value for line in _lines(inner, "  ")]
        else:
            lines += _lines(guess, "")
    return "\n".join(lines) + "\n"


def _lines(guess: Guess, indent: str) -> list[str]:
    comment = _comment(guess.why, indent) if guess.why else []
    text = f"{indent}{guess.key}: {as_yaml(guess.value)}"
    if len(text) <= _WIDTH or not isinstance(guess.value, list | dict):
        return [*comment, text]
    start, end = ("[", "]") if isinstance(guess.value, list) else ("{", "}")
    filled = _filled(_items(guess.value), indent + "  ")
    return [*comment, f"{indent}{guess.key}: {start}", *filled, f"{indent}  {end}"]


def _items(value: list[Any] | dict[Any, Any]) -> list[str]:
    if isinstance(value, dict):
        return [f"{as_yaml(key)}: {as_yaml(item)}" for key, item in value.items()]
    return [as_yaml(item) for item in value]


def _filled(items: Iterable[str], indent: str) -> list[str]:
    """Return the items with commas after them, as many on a line as fit."""
    lines = [indent]
    for item in items:
        if len(lines[-1]) + len(item) > _WIDTH and lines[-1] != indent:
            lines.append(indent)
        lines[-1] += f"{item}, "
    return [line.rstrip() for line in lines]


def _comment(text: str, indent: str) -> list[str]:
    start = f"{indent}# "
    return textwrap.wrap(text, _WIDTH, initial_indent=start, subsequent_indent=start + "  ",
                         break_long_words=False, break_on_hyphens=False)  # fmt: skip


def as_yaml(value: Any) -> str:
    """Return a value as YAML on one line, which the project's loader reads as the same value."""
    match value:
        case list():
            return f"[{', '.join(_items(value))}]"
        case dict():
            return f"{{{', '.join(_items(value))}}}"
        case bool() | int() | float():
            return json.dumps(value)
        case _ if _PLAIN.fullmatch(value):
            return str(value)
        case _:
            return json.dumps(value, ensure_ascii=False)
