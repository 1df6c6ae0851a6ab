"""IDX files are read as they say, and their images are written as the tutorial's CSV has them."""

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from downloading.idx import write_csv, write_table
from shared.console import StageError
from shared.idx import read_idx
from test_table import dataset


def idx_bytes(values: npt.NDArray[np.uint8]) -> bytes:
    sizes = b"".join(size.to_bytes(4, "big") for size in values.shape)
    return bytes([0, 0, 8, values.ndim]) + sizes + values.tobytes()


def random_bytes(*shape: int) -> npt.NDArray[np.uint8]:
    return np.random.default_rng(0).integers(0, 256, shape, np.uint8)


@pytest.mark.parametrize("shape", [(7,), (300, 4, 5)])
def test_reads_back_what_was_written(tmp_path: Path, shape: tuple[int, ...]) -> None:
    values = random_bytes(*shape)
    (tmp_path / "a").write_bytes(idx_bytes(values))
    np.testing.assert_array_equal(read_idx(tmp_path / "a"), values)


WHOLE = idx_bytes(random_bytes(3, 2, 2))


@pytest.mark.parametrize(
    "content",
    [b"", WHOLE[:3], WHOLE[:10], WHOLE[:-1], WHOLE + b"\0", b"\0\0\x0d" + WHOLE[3:], b"1,2,3\n"],
    ids=["empty", "no-rank", "no-sizes", "short", "long", "floats", "csv"],
)
def test_refuses_anything_else(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a").write_bytes(content)
    with pytest.raises(StageError, match=r"^a: not an IDX file of unsigned bytes: "):
        read_idx(tmp_path / "a")


@pytest.mark.parametrize("label", ["first", "last"])
def test_writes_every_value_in_every_row(tmp_path: Path, label: str) -> None:
    images, labels = random_bytes(2345, 7, 3), np.arange(2345).astype(np.uint8)
    write_csv(images, labels, "first" if label == "first" else "last", tmp_path / "t.csv")
    rows = []
    for image, number in zip(images, labels, strict=True):
        pixels = [str(value) for value in image.ravel()]
        row = [str(number), *pixels] if label == "first" else [*pixels, str(number)]
        rows.append(",".join(row) + "\n")
    assert (tmp_path / "t.csv").read_bytes() == "".join(rows).encode()


@pytest.mark.parametrize(
    ("images", "labels"),
    [((3, 2, 3), (4,)), ((3, 2, 3), (3, 1)), ((0, 2, 3), (0,)), ((3,), ()), ((), ())]
    + [((3, *sides), (3,)) for sides in [(3, 2), (1, 6), (6,), (2, 3, 1), (2, 2)]],
)
def test_images_of_another_shape_and_without_a_label_each_are_refused(
    tmp_path: Path, images: tuple[int, ...], labels: tuple[int, ...]
) -> None:
    for name, shape in (("i", images), ("l", labels)):
        (tmp_path / name).write_bytes(idx_bytes(random_bytes(*shape)))
    expected = r"^i is an array of .* and l one of .*; expected images of \(2, 3\), and a label"
    with pytest.raises(StageError, match=expected):
        write_table([tmp_path / "i", tmp_path / "l"], dataset(), tmp_path / "t.csv")
    assert not (tmp_path / "t.csv").exists()


@pytest.mark.parametrize(
    ("channels", "transposed", "stored"),
    [(1, False, (2, 3)), (1, True, (3, 2)), (3, False, (2, 3, 3)), (3, True, (3, 2, 3))],
)
def test_images_are_written_as_they_are_stored(
    tmp_path: Path, channels: int, transposed: bool, stored: tuple[int, ...]
) -> None:
    images = random_bytes(4, *stored)
    (tmp_path / "i").write_bytes(idx_bytes(images))
    (tmp_path / "l").write_bytes(idx_bytes(np.arange(4, dtype=np.uint8)))
    source = dataset(channels=channels, transposed=transposed)
    write_table([tmp_path / "i", tmp_path / "l"], source, tmp_path / "t.csv")
    table = np.loadtxt(tmp_path / "t.csv", np.uint8, delimiter=",")
    np.testing.assert_array_equal(table[:, 1:], images.reshape(4, -1))


def test_no_file_becomes_an_empty_table(tmp_path: Path) -> None:
    write_table([], dataset(), tmp_path / "t.csv")
    assert (tmp_path / "t.csv").read_bytes() == b""


def test_a_mirrors_csv_is_taken_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "upstream.csv").write_bytes(b"1,2\r\n")
    write_table([tmp_path / "upstream.csv"], dataset(), tmp_path / "t.csv")
    assert (tmp_path / "t.csv").read_bytes() == b"1,2\r\n"
