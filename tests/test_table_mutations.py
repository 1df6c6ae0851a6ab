"""Hundreds of random tables, whole and broken: each is read exactly, or refused in its place."""

import csv
import random
import re
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from preprocessing import table
from preprocessing.held_out import require_every_class
from shared.console import StageError
from shared.dataset import Dataset, Split
from test_table import dataset, read

LABELS = [["0", "1", "2"], ["1", "2", "26"], ["8", "10", "300"], ["ant", "bee", "a, b", 'say "c"']]
PIXELS = 6
COLUMNS = PIXELS + 1


Broken = tuple[int, int]  # the line and the column, from 1, where a table is wrong


class Case(NamedTuple):
    """A table as fields, how it is written, and what must come of it."""

    source: Dataset
    lines: list[list[str]]  # a header, if there is one, and rows
    expected: Split
    end: str
    mark: bytes
    quoted: bool

    @property
    def first(self) -> int:
        """The first row's line, from 1."""
        return 1 + self.source.header

    @property
    def rows(self) -> int:
        return len(self.lines) - self.source.header

    @property
    def label_column(self) -> int:
        """From 0."""
        places = {"first": 0, "last": PIXELS}
        label = self.source.label
        return places[label] if label in places else self.lines[0].index(label)

    def line(self, fields: list[str]) -> str:
        written = [
            '"' + field.replace('"', '""') + '"'
            if self.quoted or re.search('[",]', field)
            else field
            for field in fields
        ]
        return ",".join(written)

    def texts(self) -> list[str]:
        return [self.line(fields) for fields in self.lines]

    def write(self, path: Path, texts: list[str], *, last_end: bool = True) -> None:
        text = self.end.join(texts) + self.end * last_end
        path.write_bytes(self.mark + text.encode())


def make(seed: int) -> Case:
    """A random table of 2×3 images in a random layout; its first rows have every class."""
    draw = random.Random(seed)
    labels = draw.choice(LABELS)
    rows = draw.randint(len(labels), 60)
    generator = np.random.default_rng(seed)
    images = generator.integers(0, 256, (rows, 2, 3, 1), np.uint8)
    classes = np.concatenate([np.arange(len(labels)), generator.integers(0, len(labels), rows)])[
        :rows
    ]
    header = draw.random() < 0.5
    label = draw.choice(["first", "last", "kind"]) if header else draw.choice(["first", "last"])
    column = {"first": 0, "last": PIXELS}.get(label, draw.randint(0, PIXELS))
    transposed, inverted = draw.random() < 0.3, draw.random() < 0.3
    stored = images.transpose(0, 2, 1, 3) if transposed else images
    stored = 255 - stored if inverted else stored
    lines = [[str(value) for value in image.ravel()] for image in stored]
    for fields, index in zip(lines, classes, strict=True):
        fields.insert(column, labels[index])
    if header:
        names = [f"pixel{place}" for place in range(PIXELS)]
        names.insert(column, "kind")
        lines.insert(0, names)
    return Case(
        dataset(label, labels, header=header, transposed=transposed, inverted=inverted),
        lines,
        Split(images, classes.astype(np.uint8)),
        draw.choice(["\n", "\r\n"]),
        draw.choice([b"", b"\xef\xbb\xbf"]),
        quoted=draw.random() < 0.2,
    )


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table, "_BLOCK_BYTES", 200)


def outcome(path: Path, case: Case) -> Split | dict[Broken, str]:
    """What was read, or what the refusal says, by line and column, from 1."""
    try:
        return read(path, case.source, case.rows)
    except StageError as error:
        pattern = rf"^{re.escape(str(path))}:(\d+): column (\d+): (.*)$"
        faults = re.findall(pattern, str(error), re.MULTILINE)
        return {(int(line), int(column)): said for line, column, said in faults}


@pytest.mark.parametrize("seed", range(100))
def test_a_whole_table_is_read_exactly(tmp_path: Path, seed: int) -> None:
    case = make(seed)
    case.write(tmp_path / "t.csv", case.texts(), last_end=seed % 3 > 0)
    split = read(tmp_path / "t.csv", case.source, case.rows)
    np.testing.assert_array_equal(split.images, case.expected.images)
    np.testing.assert_array_equal(split.labels, case.expected.labels)


Breaking = Callable[[Case, random.Random, list[str]], Broken]


def any_row(case: Case, draw: random.Random) -> int:
    """The index of a line that is a row."""
    return draw.randrange(case.source.header, len(case.lines))


def wrong_cell(*wrongs: str) -> Breaking:
    def change(case: Case, draw: random.Random, texts: list[str]) -> Broken:
        row = any_row(case, draw)
        columns = [column for column in range(COLUMNS) if column != case.label_column]
        column = draw.choice(columns)
        fields = list(case.lines[row])
        fields[column] = draw.choice(wrongs)
        texts[row] = case.line(fields)
        return row + 1, column + 1

    return change


def wrong_label(case: Case, draw: random.Random, texts: list[str]) -> Broken:
    row = any_row(case, draw)
    fields = list(case.lines[row])
    fields[case.label_column] = draw.choice(["9", "00", "Ant", "", " 1", "1.0", "ant,", "-1"])
    texts[row] = case.line(fields)
    return row + 1, case.label_column + 1


def lost_cell(case: Case, draw: random.Random, texts: list[str]) -> Broken:
    row = any_row(case, draw)
    fields = list(case.lines[row])
    del fields[draw.randrange(COLUMNS)]
    texts[row] = case.line(fields)
    return row + 1, COLUMNS


def surplus_cell(case: Case, draw: random.Random, texts: list[str]) -> Broken:
    row = any_row(case, draw)
    fields = list(case.lines[row])
    fields.insert(draw.randint(0, COLUMNS), draw.choice(["0", "", "x"]))
    texts[row] = case.line(fields)
    return row + 1, COLUMNS + 1


def surplus_line(*wrongs: str) -> Breaking:
    def insert(case: Case, draw: random.Random, texts: list[str]) -> Broken:
        row = draw.randrange(case.source.header, len(texts) + 1)
        texts.insert(row, draw.choice(wrongs))
        return row + 1, 1

    return insert


def stray_quote(case: Case, draw: random.Random, texts: list[str]) -> Broken:
    row = any_row(case, draw)
    column = draw.choice([column for column in range(COLUMNS) if column != case.label_column])
    fields = [case.line([field]) for field in case.lines[row]]
    value = case.lines[row][column]
    fields[column] = draw.choice([f'{value}"', f'"{value}"{value}', f'{value}"{value}"', '"""'])
    texts[row] = ",".join(fields)
    return row + 1, column + 1


def stray_return(case: Case, draw: random.Random, texts: list[str]) -> Broken:
    row = any_row(case, draw)
    column = draw.randrange(COLUMNS)
    fields = [case.line([field]) for field in case.lines[row]]
    before = ",".join(fields[:column]).count(",")
    fields[column] = draw.choice(["\r", "\r\r"]) + fields[column]
    texts[row] = ",".join(fields)
    return row + 1, before + 1 + (column > 0)


def other_separator(case: Case, draw: random.Random, texts: list[str]) -> Broken:
    row = any_row(case, draw)
    texts[row] = draw.choice(";\t|").join(["1"] * COLUMNS)
    return row + 1, 2


def other_shape(case: Case, draw: random.Random, texts: list[str]) -> Broken:
    channels = draw.choice([1, 3])
    for row in range(len(texts)):
        texts[row] += f",{draw.randint(0, 255)}" * (64 * channels + 1 - COLUMNS)
    return 1, COLUMNS + 1


def joined_rows(case: Case, draw: random.Random, texts: list[str]) -> Broken:
    row = draw.randrange(case.source.header, len(texts) - 1)
    texts[row : row + 2] = [texts[row] + "," + texts[row + 1]]
    return row + 1, COLUMNS + 1


def torn_row(case: Case, draw: random.Random, texts: list[str]) -> Broken:
    row = any_row(case, draw)
    cut = draw.randint(1, PIXELS)
    fields = case.lines[row]
    texts[row : row + 1] = [case.line(fields[:cut]), case.line(fields[cut:])]
    return row + 1, cut + 1


def lost_row(case: Case, draw: random.Random, texts: list[str]) -> Broken:
    del texts[any_row(case, draw)]
    return len(texts) + 1, 1


def repeated_row(case: Case, draw: random.Random, texts: list[str]) -> Broken:
    texts.append(texts[any_row(case, draw)])
    return len(texts), 1


def header_the_other_way(case: Case, draw: random.Random, texts: list[str]) -> Broken:
    if case.source.header:
        del texts[0]
    else:
        counted = [str(number) for number in range(COLUMNS)]
        texts.insert(
            0, draw.choice(["label,a,b,c,d,e,f", ",".join(counted), "1x1" + ",1x2" * PIXELS])
        )
    return 1, 1


def lost_labels(case: Case, draw: random.Random, texts: list[str]) -> Broken:
    for row, fields in enumerate(case.lines):
        texts[row] = case.line(
            [f for column, f in enumerate(fields) if column != case.label_column]
        )
    return 1, COLUMNS


def cut_off(case: Case, draw: random.Random, texts: list[str]) -> Broken:
    row = draw.randrange(case.source.header, len(texts))
    left = draw.randint(1, PIXELS)
    texts[row:] = [case.line(case.lines[row][:left])]
    return row + 1, left + 1


OUT_OF_RANGE = r"is not a pixel value \(0 to 255\)$"
NOT_SO_MANY = r"^the row has \d+ columns; expected 7 columns \(a label and 6 pixels\)"
NOT_SO_LONG = r"^the table has \d+ rows; expected \d+ rows$"
SAID = {
    "label": r"is not a known label \(",
    "blank-line": "^a blank line; expected 7 columns",
    "stray-quote": "has a quote out of place; expected them around a field$",
    "stray-return": r"^a \\r within the row; expected \\n or \\r\\n at its end$",
    "other-separator": f"{NOT_SO_MANY}($|; .* separates them)",
    "other-shape": f"{NOT_SO_MANY}; (65|193) columns would be 8×8×[13] plus a label$",
    "lost-row": NOT_SO_LONG,
    "repeated-row": NOT_SO_LONG,
    "header": r"are (names; expected numbers|numbers; expected a header) .*`header: (true|false)`",
    "lost-labels": "^the table has 6 columns, which are an image's pixels, and no labels;",
    **dict.fromkeys(
        ("lost-cell", "surplus-cell", "joined-rows", "torn-row", "cut-off"), NOT_SO_MANY
    ),
}
BREAKINGS: dict[str, Breaking] = {
    "out-of-range": wrong_cell("256", "300", "999", "1000", "65791", "9" * 30),
    "signed": wrong_cell("-1", "+2", "-0"),
    "not-whole": wrong_cell("1.5", "1.", "1e2", "0x1", "1_0"),
    "leading-zero": wrong_cell("00", "007", "0255", "01"),
    "blank": wrong_cell(" 2", "2 ", "\t2", "2\t", "\xa02"),
    "no-number": wrong_cell("", "x", "nan", "#", "\0", "²", "٣", "1;2", "None"),
    "label": wrong_label,
    "lost-cell": lost_cell,
    "surplus-cell": surplus_cell,
    "blank-line": surplus_line("", " ", "\t"),
    "stray-quote": stray_quote,
    "stray-return": stray_return,
    "other-separator": other_separator,
    "other-shape": other_shape,
    "joined-rows": joined_rows,
    "torn-row": torn_row,
    "lost-row": lost_row,
    "repeated-row": repeated_row,
    "header": header_the_other_way,
    "lost-labels": lost_labels,
    "cut-off": cut_off,
}


@pytest.mark.parametrize("kind", BREAKINGS)
def test_a_broken_table_is_refused_where_it_is_broken(tmp_path: Path, kind: str) -> None:
    for seed in range(30):
        case, draw = make(seed), random.Random(f"{kind} {seed}")
        texts = case.texts()
        broken = BREAKINGS[kind](case, draw, texts)
        case.write(tmp_path / "t.csv", texts)
        found = outcome(tmp_path / "t.csv", case)
        assert isinstance(found, dict), f"{kind} {seed}: accepted"
        assert next(iter(found)) == broken, f"{kind} {seed}"
        assert re.search(SAID.get(kind, OUT_OF_RANGE), found[broken]), f"{kind} {seed}"


def test_rows_of_equal_pixels_are_read_with_a_warning_that_names_them(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    for seed in range(30):
        case, draw = make(seed), random.Random(seed)
        equal = sorted(draw.sample(range(case.rows), draw.randint(1, 3)))
        for row in equal:
            value = draw.randint(0, 255)
            fields = case.lines[row + case.source.header]
            label = fields[case.label_column]
            fields[:] = [str(value)] * COLUMNS
            fields[case.label_column] = label
            case.expected.images[row] = 255 - value if case.source.inverted else value
        case.write(tmp_path / "t.csv", case.texts())
        caplog.clear()
        found = outcome(tmp_path / "t.csv", case)
        assert isinstance(found, Split), seed
        np.testing.assert_array_equal(found.images, case.expected.images)
        rows = ", ".join(str(row + case.first) for row in equal)
        assert caplog.messages == [f"{tmp_path / 't.csv'}: all pixels are equal in row {rows}"]


def test_a_class_that_lost_its_rows_is_refused_by_name(tmp_path: Path) -> None:
    for seed in range(30):
        case, draw = make(seed), random.Random(seed)
        lost = draw.choice(list(case.source.classes))
        case.lines[:] = [fields for fields in case.lines if fields[case.label_column] != lost]
        case.write(tmp_path / "t.csv", case.texts())
        found = outcome(tmp_path / "t.csv", case)
        assert isinstance(found, Split), seed
        with pytest.raises(StageError) as error:
            require_every_class(found.labels, case.source.classes, "t.csv")
        said = f"t.csv: no row to train on is of class {f'class {lost}'!r} (label {lost!r}); "
        assert str(error.value).startswith(said)


IN_PLACE = [
    BREAKINGS[kind]
    for kind in ("out-of-range", "signed", "no-number", "label", "surplus-cell", "stray-quote",
                 "stray-return", "other-separator")
]  # fmt: skip


def test_everything_that_is_broken_is_listed_in_order(tmp_path: Path) -> None:
    for seed in range(60):
        case, draw = make(seed), random.Random(seed)
        texts, broken = case.texts(), dict[int, Broken]()
        for breaking in draw.choices(IN_PLACE, k=draw.randint(2, 30)):
            trial = list(texts)
            place = breaking(case, draw, trial)
            if place[0] not in broken:
                broken[place[0]], texts = place, trial
        case.write(tmp_path / "t.csv", texts)
        listed = outcome(tmp_path / "t.csv", case)
        assert list(listed) == [broken[line] for line in sorted(broken)][:20], seed


def as_csv(path: Path, case: Case) -> tuple[list[list[int]], list[str]]:
    """What Python's own reader finds in the rows: pixels as they stand, and labels."""
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
        rows = list(csv.reader(file, strict=True))[case.source.header :]
    labels = [row.pop(case.label_column) for row in rows]
    return [[int(field) for field in row] for row in rows], labels


CHANGES = st.text('0123456789,"\r\n -', max_size=3).map(str.encode)


@settings(max_examples=300, deadline=None)
@given(seed=st.integers(0, 10_000), data=st.data())
def test_a_table_with_bytes_changed_anywhere_is_read_exactly_or_refused_there(
    tmp_path_factory: pytest.TempPathFactory, seed: int, data: st.DataObject
) -> None:
    case = make(seed)
    path = tmp_path_factory.mktemp("table") / "t.csv"
    case.write(path, case.texts())
    content = path.read_bytes()
    start = data.draw(st.integers(0, len(content) - 1))
    stop = min(len(content), start + data.draw(st.integers(0, 3)))
    change = data.draw(st.binary(max_size=3) | CHANGES)
    path.write_bytes(content[:start] + change + content[stop:])
    line = 1 + content[:start].count(b"\n")
    found = outcome(path, case)
    if isinstance(found, dict):
        # A line end that is lost or won breaks the line before it or the one after.
        assert line - 1 <= next(iter(found))[0] <= line + 1 + change.count(b"\n")
        return
    pixels, labels = as_csv(path, case)
    expected = np.array(pixels, np.uint8).reshape(-1, PIXELS)
    if case.source.inverted:
        expected = 255 - expected
    images = found.images.transpose(0, 2, 1, 3) if case.source.transposed else found.images
    np.testing.assert_array_equal(images.reshape(-1, PIXELS), expected)
    names = list(case.source.classes)
    assert [names[index] for index in found.labels] == labels
