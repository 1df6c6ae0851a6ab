"""A table is read exactly as it stands, or refused with every place and the reason."""

import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from preprocessing import table
from preprocessing.table import read_table
from shared.console import StageError
from shared.dataset import Dataset, ImageShape, Split, Table

DIGITS = [str(digit) for digit in range(10)]


def dataset(
    label: str = "first", labels: list[str] = DIGITS, channels: int = 1, **layout: Any
) -> Dataset:
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
        **layout,
    )


def read(path: Path, source: Dataset, rows: int) -> Split:
    chunks = list(read_table(path, source, rows))
    return Split(*(np.concatenate(arrays) for arrays in zip(*chunks, strict=True)))


def lines_of(images: np.ndarray, labels: list[str], place: str) -> list[bytes]:
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
    monkeypatch.setattr(table, "_BLOCK_BYTES", 64)


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
    place: str,
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
        patch.setattr(table, "_BLOCK_BYTES", chunk)
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
    b'""': "''",
    b'"300"': "300",
    b'" 2"': "' 2'",
    b"1;2": "'1;2'",
    b"\0": r"'\x00'",
    "²".encode(): "'²'",
    "٣".encode(): "'٣'",
    b"\xa02": "'�2'",
    b"\xff": "'�'",
}


@pytest.mark.parametrize("place", ["first", "last"])
@pytest.mark.parametrize(("text", "shown"), BAD_NUMBERS.items())
def test_what_is_no_number_of_a_byte_is_refused_in_its_place(
    tmp_path: Path, small_chunks: None, place: str, text: bytes, shown: str
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
            assert refusal(path, dataset(place), 30) == f"{path}:{row}: column {column}: {reason}"


COLUMNS = "expected 7 columns (a label and 6 pixels)"
BAD_LINES = {
    b"\n": f"column 1: a blank line; {COLUMNS}",
    b"  \n": f"column 1: a blank line; {COLUMNS}",
    b"# 5,0,0,0,0,0\n": f"column 7: the row has 6 columns; {COLUMNS}",
    b"# 5,0,0,0,0,0,0\n": ("column 1: '# 5' is not a known label (0, 1, 2, 3, 4, 5, 6, 7, 8, 9)"),
    b"5,0,0,0,0,0\n": f"column 7: the row has 6 columns; {COLUMNS}",
    b"5\n": f"column 2: the row has 1 columns; {COLUMNS}",
    b"5,0,0,0,0,0,0,0\n": f"column 8: the row has 8 columns; {COLUMNS}",
    b"5,0,0,0,0,0,0,\n": f"column 8: the row has 8 columns; {COLUMNS}",
    b"5;0;0;0;0;0;0\n": (
        f"column 2: the row has 1 columns; {COLUMNS}; ';' separates them, only a comma may"
    ),
    b"5,0,0\r0,0,0,0\n": (r"column 3: a \r within the row; expected \n or \r\n at its end"),
    b"5,0,0,0,0,0,0\r\r\n": (r"column 7: a \r within the row; expected \n or \r\n at its end"),
    b'5,0,"0,0,0,0,0\n': (
        "column 3: '\"0,0,0,0,0' has a quote out of place; expected them around a field"
    ),
    b'5,0,"0"0,0,0,0,0\n': (
        "column 3: '\"0\"0,0,0,0,0' has a quote out of place; expected them around a field"
    ),
    b'5,0,0"0",0,0,0,0\n': (
        "column 3: '0\"0\",0,0,0,0' has a quote out of place; expected them around a field"
    ),
    b'5,0,"0,0",0,0,0\n': f"column 7: the row has 6 columns; {COLUMNS}",
    b'5,0,"0,0",0,0,0,0\n': "column 3: '0,0' is not a pixel value (0 to 255)",
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


@pytest.mark.parametrize("line", [b"\n", b"\r\n", b" \n", b"#\n", b"5,0\n", b"5,0,0,0,0,0,x\r\n"])
def test_a_table_of_nothing_but_bad_lines_is_refused_with_the_first_20(
    tmp_path: Path, small_chunks: None, line: bytes
) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(line * 1023)
    *places, rest = refusal(path, dataset(), 1023).split("\n")
    assert [place.split(": ")[0] for place in places] == [f"{path}:{row}" for row in range(1, 21)]
    assert rest == "and 1,003 more"


def test_all_that_is_wrong_is_named_at_once(tmp_path: Path, small_chunks: None) -> None:
    path = tmp_path / "t.csv"
    lines = lines_of(random_images(30), DIGITS * 3, "first")
    lines[20] = b"\n"
    lines[9] = b"11,2,3,x,256,6,7\n"
    path.write_bytes(b"".join(lines))
    assert refusal(path, dataset(), 30).split("\n") == [
        f"{path}:10: column 1: 11 is not a known label (0, 1, 2, 3, 4, 5, 6, 7, 8, 9)",
        f"{path}:10: column 4: 'x' is not a pixel value (0 to 255)",
        f"{path}:10: column 5: 256 is not a pixel value (0 to 255)",
        f"{path}:21: column 1: a blank line; expected 7 columns (a label and 6 pixels)",
    ]


@pytest.mark.parametrize("bytes_lost", range(2, 14))
def test_a_table_cut_off_before_its_last_cell_is_refused(tmp_path: Path, bytes_lost: int) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes((b"5,1,1,1,1,1,1\n" * 3)[:-bytes_lost])
    assert refusal(path, dataset(), 3).startswith(f"{path}:3: column ")


def test_a_missing_last_newline_gets_a_warning(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(b"5,1,2,3,4,5,6\n7,1,2,3,4,5,255")
    split = read(path, dataset(), 2)
    assert split.images[1].ravel().tolist() == [1, 2, 3, 4, 5, 255]
    assert split.labels.tolist() == [5, 7]
    assert f"{path}: the last row has no newline" in caplog.text


def test_rows_whose_pixels_are_all_equal_get_a_warning(
    tmp_path: Path, small_chunks: None, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "t.csv"
    lines = lines_of(random_images(60), DIGITS * 6, "last")
    for row in (3, 4, *range(30, 55)):
        lines[row - 1] = b"7,7,7,7,7,7,1\n"
    path.write_bytes(b"".join(lines))
    assert len(read(path, dataset("last"), 60).labels) == 60
    rows = ", ".join(map(str, [3, 4, *range(30, 48)]))
    assert f"{path}: all pixels are equal in row {rows}, and 7 more" in caplog.text


HEADER = b"digit,p0,p1,p2,p3,p4,p5\n"
COUNTING = b"0,1,2,3,4,5,6\n"  # as pandas writes a table whose columns have no names
TOLD_APART = b"5,0,0.1,0.2,5.1,12,0.3\n"  # what pandas makes of a first row: 5,0,0,0,5,12,0
ROWS = b"5,10,20,30,40,50,60\n7,1,1,1,1,1,255\n"


@pytest.mark.parametrize(
    "header", [b"", HEADER, COUNTING, TOLD_APART, HEADER.replace(b"digit", b'"the, label"')]
)
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"], ids=["no-bom", "bom"])
@pytest.mark.parametrize("end", [b"\n", b"\r\n"], ids=["lf", "crlf"])
@pytest.mark.parametrize("quoted", ["nothing", "label", "everything", "some"])
def test_a_table_is_read_as_it_is_however_it_is_written(
    tmp_path: Path, header: bytes, mark: bytes, end: bytes, quoted: str
) -> None:
    rows = {
        "nothing": ROWS,
        "label": ROWS.replace(b"5,1", b'"5",1').replace(b"7,1", b'"7",1'),
        "everything": b'"' + ROWS[:-1].replace(b",", b'","').replace(b"\n", b'"\n"') + b'"\n',
        "some": ROWS.replace(b"20", b'"20"'),
    }[quoted]
    path = tmp_path / "t.csv"
    path.write_bytes(mark + (header + rows).replace(b"\n", end))
    split = read(path, dataset(header=bool(header)), 2)
    assert split.images.reshape(2, 6).tolist() == [[10, 20, 30, 40, 50, 60], [1, 1, 1, 1, 1, 255]]
    assert split.labels.tolist() == [5, 7]


def test_the_label_is_found_by_its_columns_name(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    images = random_images(40)
    for place in range(7):
        rows = [list(map(str, image.ravel().tolist())) for image in images]
        names = [f"p{pixel}" for pixel in range(6)]
        for row, label in zip([names, *rows], ["name", *DIGITS * 4], strict=True):
            row.insert(place, label)
        path.write_text("".join(",".join(row) + "\n" for row in [names, *rows]))
        split = read(path, dataset("name", header=True), 40)
        np.testing.assert_array_equal(split.images, images)
        np.testing.assert_array_equal(split.labels, np.arange(40) % 10)


@pytest.mark.parametrize(
    ("header", "said"),
    [
        (HEADER, "0 columns of 'digit', … 'p5' have the label's name, 'name'; expected one"),
        (HEADER.replace(b"digit,p0", b"name,name"), "2 columns of 'name', … 'p5' have the label's"),
        (
            ROWS[:20],
            "5, … are numbers; expected a header (or, in the dataset's entry, `header: false`)",
        ),
        (HEADER.replace(b",p5", b""), "the row has 6 columns; expected 7 columns"),
    ],
)
def test_a_header_without_the_labels_name_is_refused(
    tmp_path: Path, header: bytes, said: str
) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(header + ROWS)
    column = 7 if "6 columns" in said else 1
    message = refusal(path, dataset("name", header=True), 2)
    assert message.startswith(f"{path}:1: column {column}: {said}")


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"PK\x03\x04rest", "a zip (whose name `archive` says"),
        ("5,1,2,3,4,5,6\n".encode("utf-16"), "text in UTF-16"),
        (b"<!DOCTYPE html>\n<html>\n", "a web page"),
        (b"version https://git-lfs.github.com/spec/v1\noid", "what Git LFS keeps in place"),
    ],
)
def test_what_is_no_text_of_a_table_is_called_what_it_is(
    tmp_path: Path, content: bytes, what: str
) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(content)
    message = refusal(path, dataset(), 2)
    assert message.startswith(f"{path}:1: column 1: the file is {what}")
    assert message.endswith("; expected a CSV in UTF-8")


def test_fractions_in_the_first_row_make_no_header_of_it(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(b"ant,0.5,1.0,0.25,1e-05,-1.,.5\n")
    *_, last = refusal(path, dataset("first", ["ant", "bee"]), 1).split("\n")
    assert last == f"{path}:1: column 7: '.5' is not a pixel value (0 to 255)"


def test_row_numbers_that_pandas_wrote_are_called_so(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(b"," + HEADER + b"0,5,1,2,3,4,5,6\n")
    assert "pandas's row numbers" in refusal(path, dataset(header=True), 1).split("\n")[0]


@pytest.mark.parametrize("cell", [b"0,", b"0", b'"0",', b"5\r"])
def test_a_line_without_an_end_is_not_read_whole(tmp_path: Path, cell: bytes) -> None:
    path = tmp_path / "t.csv"
    line = cell * (40 << 20)
    path.write_bytes(ROWS + line[: 40 << 20] + b"\n" + ROWS)
    tracemalloc.start()
    message = refusal(path, dataset(), 5)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    found = "a line of more than 1,048,688 bytes; expected an end after 7 columns"
    assert message == f"{path}:3: column 1: {found}"
    assert most < 30 << 20


@pytest.mark.parametrize("place", ["first", "last"])
def test_a_header_that_is_not_declared_is_refused_and_the_reverse(
    tmp_path: Path, place: str
) -> None:
    path = tmp_path / "t.csv"
    for header, name in ((HEADER, "'digit'"), (COUNTING, "0")):
        path.write_bytes(header + ROWS)
        message = f"{path}:1: column 1: {name}, … are names; expected numbers (or, in the dataset's"
        assert refusal(path, dataset(), 2).startswith(f"{message} entry, `header: true`)")
    path.write_bytes(ROWS)
    message = f"{path}:1: column 1: 5, … are numbers; expected a header (or, in the dataset's"
    assert refusal(path, dataset(header=True), 2) == f"{message} entry, `header: false`)"


def test_a_first_row_that_pandas_took_for_a_header_is_called_so(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(TOLD_APART + ROWS)
    message = refusal(path, dataset(), 2)
    assert message.startswith(f"{path}:1: column 3: '0.1' is a second 0, told apart: pandas took ")
    assert "Say `header: true`" in message
    assert "\n" not in message


def test_what_is_wrong_with_a_header_does_not_hide_the_rows(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(HEADER.replace(b",p5", b"") + ROWS.replace(b"255", b"256"))
    first, second = refusal(path, dataset(header=True), 2).split("\n")
    assert first.startswith(f"{path}:1: column 7: the row has 6 columns")
    assert second.startswith(f"{path}:3: column 7: 256 is not a pixel value")


@pytest.mark.parametrize("header", [b"", HEADER.replace(b"digit,", b"")])
def test_a_table_without_labels_is_refused_with_the_explanation(
    tmp_path: Path, header: bytes
) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(header + b"10,20,30,40,50,60\n1,1,1,1,1,255\n")
    message = refusal(path, dataset("digit" if header else "first", header=bool(header)), 2)
    assert message.startswith(f"{path}:1: column 7: the table has 6 columns, which are an image's")
    assert "the test.csv of a Kaggle competition" in message
    assert "`draw_test`" in message


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        (2353, "2,353 columns would be 28×28×3 plus a label"),
        (785, "785 columns would be 28×28×1 plus a label"),
        (1025, "1,025 columns would be 32×32×1 plus a label"),
        (1026, None),
    ],
)
def test_another_known_shape_is_named(tmp_path: Path, columns: int, said: str | None) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(b",".join([b"0"] * columns) + b"\n")
    message = refusal(path, dataset(), 1)
    start = f"{path}:1: column 8: the row has {columns:,} columns; {COLUMNS}"
    assert message == (f"{start}; {said}" if said else start)


def test_words_and_gaps_and_commas_become_class_indices(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    names = ["8", "10", "ant", "bee eater", "Käfer", "a, b", 'say "c"', ""]
    spelled = ["8", '"10"', '"ant"', "bee eater", "Käfer", '"a, b"', '"say ""c"""', '""']
    images = random_images(len(names))
    path.write_bytes(b"".join(lines_of(images, spelled, "last")))
    split = read(path, dataset("last", names), len(names))
    np.testing.assert_array_equal(split.labels, np.arange(len(names)))
    np.testing.assert_array_equal(split.images, images)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("transposed", [False, True])
@pytest.mark.parametrize("inverted", [False, True])
def test_transposed_and_inverted_images_are_put_right(
    tmp_path: Path, channels: int, *, transposed: bool, inverted: bool
) -> None:
    path = tmp_path / "t.csv"
    images = random_images(30, channels)
    stored = images.transpose(0, 2, 1, 3) if transposed else images
    path.write_bytes(b"".join(lines_of(255 - stored if inverted else stored, DIGITS * 3, "first")))
    source = dataset(channels=channels, transposed=transposed, inverted=inverted)
    np.testing.assert_array_equal(read(path, source, 30).images, images)


def test_a_surplus_byte_does_not_make_up_for_a_missing_one(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(b"5,01,1,1,1,1,1\n5,,1,1,1,1,1\n")
    assert refusal(path, dataset(), 2).split("\n") == [
        f"{path}:1: column 2: '01' is not a pixel value (0 to 255)",
        f"{path}:2: column 2: '' is not a pixel value (0 to 255)",
    ]


def test_many_labels_are_not_all_named(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(b"x,0,0,0,0,0,0\n")
    message = refusal(path, dataset("first", [str(number) for number in range(47)]), 1)
    assert message.endswith("18, 19 and 27 more)")


def test_a_file_without_line_ends_is_refused_as_one_row(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(ROWS.replace(b"\n", b"\r") * 1000)
    message = r"column 7: a \r within the row; expected \n or \r\n at its end"
    assert refusal(path, dataset(), 2000) == f"{path}:1: {message}"


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
