"""A table is read exactly as it stands, or refused with the place and the reason."""

import io
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from preprocessing import table
from preprocessing.table import read_table
from shared.console import StageError
from shared.dataset import Dataset, ImageShape, Split, Table

LabelPlace = Literal["first", "last"]
DIGITS = [str(digit) for digit in range(10)]


def dataset(label: LabelPlace = "first", labels: list[str] = DIGITS, channels: int = 1) -> Dataset:
    """A dataset of 2×3 images."""
    return Dataset(
        name="small",
        title="Small",
        provenance="made by a test",
        homepage="none",
        licence="none",
        image=ImageShape(height=2, width=3, channels=3 if channels == 3 else 1),
        label=label,
        classes={text: f"class {text}" for text in labels},
        train=Table(rows=1, sha256="0" * 64),
        test=Table(rows=1, sha256="0" * 64),
    )


def read(path: Path, source: Dataset, rows: int) -> Split:
    chunks = list(read_table(path, source, rows))
    return Split(*(np.concatenate(arrays) for arrays in zip(*chunks, strict=True)))


def lines_of(images: np.ndarray, labels: list[str], place: LabelPlace) -> list[bytes]:
    rows = [list(map(str, image.ravel().tolist())) for image in images]
    for row, label in zip(rows, labels, strict=True):
        row.insert(0 if place == "first" else len(row), label)
    return [",".join(row).encode() + b"\n" for row in rows]


def random_images(rows: int, channels: int = 1, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (rows, 2, 3, channels), np.uint8)


def refusal(path: Path, source: Dataset, rows: int) -> str:
    with pytest.raises(StageError) as caught:
        read(path, source, rows)
    return str(caught.value)


@pytest.fixture
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Chunks of a few rows."""
    monkeypatch.setattr(table, "_CHUNK_BYTES", 64)


@settings(max_examples=60, deadline=None)
@given(
    rows=st.integers(1, 40),
    place=st.sampled_from(["first", "last"]),
    channels=st.sampled_from([1, 3]),
    names=st.sampled_from([DIGITS, ["1", "2", "26"], ["0", "255"], ["cat", "dog"], ["7", "300"]]),
    chunk=st.integers(1, 2000),
    seed=st.integers(0, 1000),
)
def test_a_valid_table_is_read_exactly(
    *,
    tmp_path_factory: pytest.TempPathFactory,
    rows: int,
    place: LabelPlace,
    channels: int,
    names: list[str],
    chunk: int,
    seed: int,
) -> None:
    images = random_images(rows, channels, seed)
    classes = np.random.default_rng(seed).integers(0, len(names), rows)
    path = tmp_path_factory.mktemp("table") / "t.csv"
    path.write_bytes(b"".join(lines_of(images, [names[index] for index in classes], place)))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(table, "_CHUNK_BYTES", chunk)
        split = read(path, dataset(place, names, channels), rows)
    np.testing.assert_array_equal(split.images, images)
    np.testing.assert_array_equal(split.labels, classes)
    assert split.images.dtype == np.uint8
    assert split.labels.dtype == np.uint8


def test_labels_of_more_than_256_classes_need_two_bytes(tmp_path: Path) -> None:
    names = [str(number) for number in range(300)]
    path = tmp_path / "t.csv"
    path.write_bytes(b"".join(lines_of(random_images(300), names, "first")))
    labels = read(path, dataset("first", names), 300).labels
    assert labels.dtype == np.uint16
    np.testing.assert_array_equal(labels, np.arange(300))


def test_the_table_comes_in_chunks_of_whole_rows(tmp_path: Path, small_chunks: None) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(b"".join(lines_of(random_images(100), DIGITS * 10, "first")))
    sizes = [len(chunk.labels) for chunk in read_table(path, dataset(), 100)]
    assert sum(sizes) == 100
    assert max(sizes) <= 5


def replace_field(text: bytes) -> Callable[[bytes, int], bytes]:
    """Return a function that puts `text` into a column of a line."""

    def replace(line: bytes, column: int) -> bytes:
        fields = line.removesuffix(b"\n").split(b",")
        fields[column - 1] = text
        return b",".join(fields) + b"\n"

    return replace


BAD_NUMBERS = {
    b"300": "300",
    b"256": "256",
    b"9" * 40: "'999999999999...9999999999999'",
    b"-1": "'-1'",
    b"+2": "'+2'",
    b"1.5": "'1.5'",
    b"1.": "'1.'",
    b"1e2": "'1e2'",
    b"": "''",
    b" 2": "' 2'",
    b"2 ": "'2 '",
    b"2\t": r"'2\t'",
    b"007": "'007'",
    b"00": "'00'",
    b"0x1": "'0x1'",
    b"1_0": "'1_0'",
    b"abc": "'abc'",
    b"nan": "'nan'",
    b"#": "'#'",
    b'"1"': "'\"1\"'",
    b"1;2": "'1;2'",
    b"1\r2": r"'1\r2'",
    b"\0": r"'\x00'",
    "²".encode(): "'²'",
    "٣".encode(): "'٣'",
    b"\xa02": "'�2'",
    b"\xff": "'�'",
}


@pytest.mark.parametrize("place", ["first", "last"])
@pytest.mark.parametrize(("text", "shown"), BAD_NUMBERS.items())
def test_what_is_no_number_of_a_byte_is_refused_in_its_place(
    tmp_path: Path, small_chunks: None, place: LabelPlace, text: bytes, shown: str
) -> None:
    path = tmp_path / "t.csv"
    good = lines_of(random_images(30), DIGITS * 3, place)
    label_column = 1 if place == "first" else 7
    for row in (1, 17, 30):
        for column in (1, 4, 7):
            bad = replace_field(text)(good[row - 1], column)
            path.write_bytes(b"".join([*good[: row - 1], bad, *good[row:]]))
            reason = (
                f"{shown} is not a known label (0, 1, 2, 3, 4, 5, 6, 7, 8, 9)"
                if column == label_column
                else f"{shown} is not a pixel value (0 to 255)"
            )
            if text == b"#" and column == 1:
                reason = "a comment line; expected 7 columns (a label and 6 pixels)"
            assert refusal(path, dataset(place), 30) == f"{path}:{row}: column {column}: {reason}"


COLUMNS = "expected 7 columns (a label and 6 pixels)"
BAD_LINES = {
    b"\n": f"column 1: a blank line; {COLUMNS}",
    b"  \n": f"column 1: a blank line; {COLUMNS}",
    b"# 5,0,0,0,0,0\n": f"column 1: a comment line; {COLUMNS}",
    b"5,0,0,0,0,0\n": f"column 7: the row has 6 columns; {COLUMNS}",
    b"5\n": f"column 2: the row has 1 columns; {COLUMNS}",
    b"5,0,0,0,0,0,0,0\n": f"column 8: the row has 8 columns; {COLUMNS}",
    b"5,0,0,0,0,0,0,\n": f"column 8: the row has 8 columns; {COLUMNS}",
    b"5,0,0,0,0,0,0\r\n": r"column 7: the row ends with \r\n; expected \n alone",
    b"label,a,b,c,d,e,f\n": (
        "column 1: 'label' is not a known label (0, 1, 2, 3, 4, 5, 6, 7, 8, 9)"
    ),
}


@pytest.mark.parametrize("row", [1, 17, 30])
@pytest.mark.parametrize(("line", "reason"), BAD_LINES.items())
def test_a_line_that_is_no_row_is_refused(
    tmp_path: Path, small_chunks: None, line: bytes, reason: str, row: int
) -> None:
    path = tmp_path / "t.csv"
    good = lines_of(random_images(30), DIGITS * 3, "first")
    path.write_bytes(b"".join([*good[: row - 1], line, *good[row - 1 :]]))
    assert refusal(path, dataset(), 31) == f"{path}:{row}: {reason}"


@pytest.mark.parametrize("line", [b"\n", b"\r\n", b" \n", b"#\n", b"5,0\n", b"5,0,0,0,0,0,0\r\n"])
def test_a_table_of_nothing_but_bad_lines_is_refused_at_the_first(
    tmp_path: Path, line: bytes
) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(line * 20)
    assert refusal(path, dataset(), 20).startswith(f"{path}:1: column ")


def test_the_first_of_several_errors_is_named(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    lines = lines_of(random_images(30), DIGITS * 3, "first")
    lines[20] = b"\n"
    lines[9] = b"1,2,3,x,256,6,7\n"
    path.write_bytes(b"".join(lines))
    assert refusal(path, dataset(), 30).startswith(f"{path}:10: column 4: 'x' is not")


@pytest.mark.parametrize("bytes_lost", range(1, 14))
def test_a_table_cut_off_in_its_last_row_is_refused(tmp_path: Path, bytes_lost: int) -> None:
    path = tmp_path / "t.csv"
    whole = b"5,1,1,1,1,1,1\n" * 3
    path.write_bytes(whole[:-bytes_lost])
    column = 7 - (bytes_lost - 1) // 2
    found = "''" if bytes_lost % 2 == 0 else "5" if column == 1 else "1"
    reason = rf"the file ends after {found}, cut off; expected \n at the row's end"
    assert refusal(path, dataset(), 3) == f"{path}:3: column {column}: {reason}"


def test_a_surplus_byte_does_not_make_up_for_the_missing_end(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(b"5,01,1,1,1,1,1\n5,1,1,1,1,1,1")
    assert refusal(path, dataset(), 2).startswith(f"{path}:1: column 2: '01' is not a pixel value")


def test_a_label_that_is_not_in_the_catalog_is_refused_with_those_that_are(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(b"1,0,0,0,0,0,0\n2,0,0,0,0,0,0\n0,0,0,0,0,0,0\n")
    reason = "0 is not a known label (1, 2, 26)"
    message = refusal(path, dataset("first", ["1", "2", "26"]), 3)
    assert message == f"{path}:3: column 1: {reason}"


def test_another_number_of_rows_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(b"5,1,1,1,1,1,1\n" * 3)
    reason = "column 1: the table has 3 rows; expected"
    assert refusal(path, dataset(), 2) == f"{path}:3: {reason} 2 rows"
    assert refusal(path, dataset(), 5) == f"{path}:4: {reason} 5 rows"


def test_an_empty_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.touch()
    assert refusal(path, dataset(), 9) == f"{path}:1: column 1: the file is empty; expected 9 rows"


def test_a_missing_file_is_refused_with_the_command_that_makes_it(tmp_path: Path) -> None:
    message = refusal(tmp_path / "t.csv", dataset(), 9)
    assert message == f"{tmp_path / 't.csv'}: no such file; `dvc repro download` makes it"


WRONG = st.text("0123456789,\n +-#.eE\r\t", max_size=2).map(str.encode)


def accepted(layout: table._Layout, line: bytes) -> bool:
    try:
        layout.parse(line)
    except table._RowError:
        return False
    return True


@settings(max_examples=600, deadline=None)
@given(data=st.data())
def test_both_parsers_accept_the_same_rows_and_read_the_same(
    data: st.DataObject,
) -> None:
    layout = table._Layout(dataset())
    lines = lines_of(random_images(3, seed=data.draw(st.integers(0, 99))), ["4", "0", "9"], "first")
    text = bytearray(b"".join(lines))
    for _ in range(data.draw(st.integers(0, 3))):
        start = data.draw(st.integers(0, len(text)))
        stop = start + data.draw(st.integers(0, 2))
        text[start:stop] = data.draw(st.binary(max_size=2) | WRONG)
    mutated = io.BytesIO(text).readlines()
    if not mutated:
        return
    split = layout.parse_fast(mutated)
    assert (split is not None) == all(accepted(layout, line) for line in mutated)
    if split is not None:
        parsed = [layout.parse(line) for line in mutated]
        np.testing.assert_array_equal(split.labels, [label for label, _ in parsed])
        np.testing.assert_array_equal(
            split.images.reshape(len(mutated), -1), [p for _, p in parsed]
        )


def test_both_parsers_accept_the_same_spellings_of_a_pixel() -> None:
    layout = table._Layout(dataset())
    everything = [bytes([one]) for one in range(256)]
    some = b"0123456789 +-#.,eE\r\t\n\x0b\x0c\x1c\x85\xa0\"'_\0"
    everything += [bytes([one, two]) for one in some for two in some]
    everything += [bytes([48 + one, two, 48]) for one in range(3) for two in some]
    disagreed = []
    for field in everything:
        lines = io.BytesIO(b"5,1,%b,1,1,1,1\n" % field).readlines()
        fast = layout.parse_fast(lines) is not None
        if fast != all(accepted(layout, line) for line in lines):
            disagreed.append(field)
    assert disagreed == []
