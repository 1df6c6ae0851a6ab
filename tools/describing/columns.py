"""What each column of a table is: the label, pixels, or neither."""

import re
from collections import Counter
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from describing.classes import are_counted, is_group, rank_as_label
from describing.parts import part_of
from describing.sides import LEAST, fitting, is_square
from describing.tables import Scan, Table, Texts, is_number

_EDGE = 3  # columns at either end of a table without header that may be no pixels
_MOST_HOT = 64
_BIT = re.compile(r"\s*([01])(?:\.0*)?\s*")
_PICTURE = re.compile(r".*\.(png|jpe?g|gif|bmp|tiff?|webp|pgm|ppm)", re.IGNORECASE)
_FOUND_IN_ROWS = 0.5  # a label has at most so many values, of all rows


class Columns(NamedTuple):
    """The places of a table's columns.

    Attributes:
        pixels: those that are pixels, or the one that holds them all.
        label: the label's, or None.
        hot: how many of the last ones are 0, but for the one that tells the class.
        others: what each of the others is.
        split: the one that tells train from test.
        group: the one that tells what must not be in two splits.
        names: the one that has the classes' names.
        unsure: what a person should look at.
    """

    pixels: list[int]
    label: int | None
    hot: int
    others: dict[int, str]
    split: int | None = None
    group: int | None = None
    names: int | None = None
    unsure: str = ""

    @property
    def labelled(self) -> bool:
        """Whether there are labels."""
        return self.label is not None or self.hot > 0

    @property
    def as_text(self) -> bool:
        """Whether one column holds all pixels, as text."""
        return len(self.pixels) == 1


def texts_of(table: Table) -> set[int]:
    """Return the places of the columns that are to be read as texts."""
    last = table.columns
    family = _family(table)
    hot = set(range(last - _hot(table, family or list(range(last))), last))
    if family:
        return set(range(last)).difference(family) | hot
    if last < LEAST * LEAST:
        return set(range(last))
    words = {
        place
        for place, fields in enumerate(zip(*table.head, strict=True))
        if not all(map(is_number, fields))
    }
    return {*range(_EDGE), *range(last - _EDGE, last)} | words | hot


def _family(table: Table) -> list[int]:
    """Return the places of the pixels' names, which differ in their numbers alone; [] of none."""
    if not table.names or table.mangled:
        return []
    patterns = [re.sub(r"\d+", "#", name) for name in table.names]
    pattern, _ = Counter(patterns).most_common(1)[0]
    family = [place for place, found in enumerate(patterns) if found == pattern]
    fits = "#" in pattern and (fitting(len(family)) or _hot(table, family))
    return family if fits else []


def tell_columns(table: Table, scan: Scan) -> Columns | None:
    """Return what each column is, or None for a table without pixels."""
    for place, values in scan.texts.items():
        if values.size and _is_row_of_numbers(str(values[0])):
            rest = [other for other in range(table.columns) if other != place]
            return _tell_others(table, scan, [place], rest)
    family = _family(table)
    if not family:
        return _without_names(table, scan)
    hot = _hot(table, family)
    ends = set(range(table.columns - hot, table.columns))
    rest = sorted(set(range(table.columns)).difference(family, ends))
    pixels = [place for place in family if place not in ends]
    told = _tell_others(table, scan, pixels, rest)
    if hot:
        others = told.others | ({told.label: "the class again"} if told.label is not None else {})
        return told._replace(label=None, hot=hot, others=others)
    return told


def _is_row_of_numbers(text: str) -> bool:
    fields = text.split()
    return len(fields) >= LEAST * LEAST and all(is_number(field) for field in fields[:9])


def _without_names(table: Table, scan: Scan) -> Columns | None:
    """Return what is what in a table of numbers: whichever columns are taken away, images remain.

    A square image with a label at one end is the best, then one with one-hot labels, one without
    labels, and so on.
    """
    columns = table.columns
    choices: list[tuple[tuple[bool, int, float], Columns]] = []
    for before in range(_EDGE + 1):
        for after in range(_EDGE + 1 - before):
            pixels = list(range(before, columns - after))
            if not fitting(len(pixels)) or not _are_numbers(scan, pixels):
                continue
            rest = [*range(before), *range(columns - after, columns)]
            found = _tell_others(table, scan, pixels, rest)
            if rest and found.label is None:
                continue
            good = goodness(scan.texts[found.label]) if found.label is not None else 0
            order = {1: 0, 0: 2}.get(len(rest), 1 + len(rest))
            choices.append(((not is_square(len(pixels)), order, -good), found))
    hot = _hot(table, list(range(columns)))
    if hot:
        found = Columns(list(range(columns - hot)), None, hot, {})
        choices.append(((not is_square(columns - hot), 1, 0), found))
    if not choices:
        return None
    best, found = min(choices, key=lambda pair: pair[0])
    rivals = [other for key, other in choices if other is not found and key[:2] == best[:2]]
    if rivals and found.label is not None and rivals[0].label is not None:
        here, there = (goodness(scan.texts[one.label or 0]) for one in (found, rivals[0]))
        if there > here / 2:
            return found._replace(unsure="the first and the last column may both be the label")
    return found


def _are_numbers(scan: Scan, places: list[int]) -> bool:
    return all(
        is_number(str(scan.texts[place][row]))
        for place in places
        if place in scan.texts
        for row in range(min(9, scan.rows))
    )


def _hot(table: Table, pixels: list[int]) -> int:
    """Return how many columns at the end are 0, but for one in each row, that is 1; 0 of none.

    Those of the `pixels` that are no such columns are an image's.
    """
    ends = [[_BIT.fullmatch(field) for field in row[-_MOST_HOT:]] for row in table.head]
    found = []
    for count in range(2, min(_MOST_HOT, table.columns)):
        rows = [[bit and bit[1] for bit in row[-count:]] for row in ends]
        if any(None in row or row.count("1") > 1 for row in rows):
            break
        left = sum(place < table.columns - count for place in pixels)
        if all("1" in row for row in rows) and fitting(left):
            found.append((not is_square(left), count))
    return min(found)[1] if found else 0


def sampled(scan: Scan, places: list[int]) -> npt.NDArray[np.float32]:
    """Return the columns' numbers in the sampled rows, [n, columns]."""
    column = {place: index for index, place in enumerate(scan.numbers)}
    found = np.empty((len(scan.sampled), len(places)), np.float32)
    inside = [index for index, place in enumerate(places) if place in column]
    found[:, inside] = scan.sample[:, [column[places[index]] for index in inside]]
    for index, place in enumerate(places):
        if place in scan.texts:
            found[:, index] = scan.texts[place][scan.sampled].astype(np.float32)
    return found


def goodness(values: Texts) -> float:
    """Return how much a column's values are like labels: from 0, not at all, to 1."""
    counts = Counter(values.tolist())
    if not 2 <= len(counts) <= max(2, _FOUND_IN_ROWS * len(values)) or "" in counts:
        return 0
    numbers = all(is_number(str(value)) for value in counts)
    if numbers and not all(re.fullmatch(r"-?\d+(\.0*)?", str(value)) for value in counts):
        return 0
    even = 1 - counts.most_common(1)[0][1] / len(values)
    kind = 1.0 if not numbers else 0.9 if are_counted(map(str, counts)) else 0.3
    return kind * (0.2 + 0.8 * even) * (1 if len(counts) <= 1000 else 0.1)


def _tell_others(table: Table, scan: Scan, pixels: list[int], rest: list[int]) -> Columns:
    """Return what the columns are that are no pixels."""
    names = table.names if table.names and not table.mangled else None
    name = {place: names[place] if names else "" for place in rest}
    what = {place: _what(name[place], scan.texts[place]) for place in rest}
    split = next((place for place in rest if what[place] == "split"), None)
    group = next((place for place in rest if what[place] == "group"), None)
    candidates = sorted(
        (-rank_as_label(name[place]), -goodness(scan.texts[place]), place)
        for place in rest
        if not what[place] and goodness(scan.texts[place]) > 0
    )
    label, told = None, None
    if candidates:
        label, told = _named(scan, [place for *_, place in candidates])
    rivals = [place for rank, _, place in candidates if place not in (label, told) and rank <= -2]
    unsure = f"{table.name(rivals[0])} may be the label as well" if rivals else ""
    others = {
        place: "the class again" if place == told else what[place] or "neither label nor pixels"
        for place in rest
        if place not in (label, split, group)
    }
    return Columns(pixels, label, 0, others, split, group, told, unsure)


def _named(scan: Scan, places: list[int]) -> tuple[int, int | None]:
    """Return the label's column, the first one, and another one that has names for its numbers."""
    label, values = places[0], scan.texts[places[0]]
    for place in places[1:]:
        other = scan.texts[place]
        pairs = set(zip(values.tolist(), other.tolist(), strict=True))
        if len(pairs) == len({first for first, _ in pairs}) == len({second for _, second in pairs}):
            if all(is_number(str(second)) for _, second in pairs):
                return place, label
            return label, place
    return label, None


def _what(name: str, values: Texts) -> str:
    """Return what a column is: an id, a file's name, split, group; "" if it may be the label."""
    distinct = set(values.tolist())
    if distinct <= {""}:
        return "an empty column"
    if len(distinct) > 1 and all(_PICTURE.fullmatch(value) for value in list(distinct)[:99]):
        return "a file's name"
    if len(distinct) <= 4 and all(part_of(value) for value in distinct) and len(distinct) > 1:
        return "split"
    if is_group(name) and len(distinct) > 1 and not rank_as_label(name):
        return "group" if len(distinct) < len(values) else "an id"
    if len(distinct) == len(values) > 2:
        counts = all(value.isdecimal() for value in distinct)
        return "an index" if counts and not name.strip("Uunamed: 0") else "an id"
    return ""
