"""Archives give the file that was asked for; those that would do harm are refused by name."""

import gzip
import hashlib
import random
import zipfile
import zlib
from pathlib import Path

import numpy as np
import pytest

from downloading import unpacking
from downloading.sources import File
from downloading.unpacking import Failure, Refusal, unpack

BODY = np.random.default_rng(0).bytes(600_000)
SHA256 = hashlib.sha256(BODY).hexdigest()


def zipped(folder: Path, members: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(folder / "a.zip", "w", method) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return folder / "a.zip"


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
@pytest.mark.parametrize("content", [BODY, gzip.compress(BODY)], ids=["plain", "gzip"])
def test_a_member_comes_out_decompressed_and_alone(
    tmp_path: Path, content: bytes, method: int
) -> None:
    source = zipped(tmp_path, {"x/a": content, "x/b": b"other"}, method)
    target = tmp_path / "out/x/a"
    unpack(source, target, File(name="x/a", sha256=SHA256), member="x/a")
    assert target.read_bytes() == BODY
    assert [path for path in (tmp_path / "out").rglob("*") if path.is_file()] == [target]


@pytest.mark.parametrize("packed", [BODY, gzip.compress(BODY), b"", b"\x1f"])
def test_a_file_comes_out_as_it_is_or_decompressed(tmp_path: Path, packed: bytes) -> None:
    (tmp_path / "a").write_bytes(packed)
    unpack(tmp_path / "a", tmp_path / "b", File(name="a"))
    assert (tmp_path / "b").read_bytes() == (packed if len(packed) < 2 else BODY)


def refused(folder: Path, source: Path, said: str, member: str | None = "a.csv") -> None:
    before = set(folder.rglob("*.*"))
    with pytest.raises(Refusal, match=said):
        unpack(source, folder / "one/two/a.csv", File(name="a.csv"), member=member)
    assert set(folder.rglob("*.*")) == before


@pytest.mark.parametrize(
    "name",
    ["../evil", "x/../../evil", "/etc/evil", "..\\evil", "C:\\evil", "C:evil", "\\\\a\\b\\c"],
)
def test_a_path_that_leaves_the_folder_is_refused(tmp_path: Path, name: str) -> None:
    source = zipped(tmp_path, {"a.csv": BODY, f"{name}.txt": b""})
    refused(tmp_path, source, "a member that would leave its folder: ")


ZEROS = bytes(1 << 20)


def gzip_bomb(mebibytes: int) -> bytes:
    squeezer = zlib.compressobj(9, wbits=31)
    return b"".join(squeezer.compress(ZEROS) for _ in range(mebibytes)) + squeezer.flush()


def test_a_bomb_is_refused_before_it_fills_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unpacking, "ALWAYS_ALLOWED", 1 << 20)
    bomb = gzip_bomb(16)
    (tmp_path / "a.gz").write_bytes(bomb)
    refused(tmp_path, tmp_path / "a.gz", "an archive bomb", member=None)
    refused(tmp_path, zipped(tmp_path, {"a.csv": ZEROS * 16}), "an archive bomb")
    refused(tmp_path, zipped(tmp_path, {"a.csv": bomb}), "an archive bomb")


def test_a_zip_that_lies_about_its_sizes_is_no_way_around(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unpacking, "ALWAYS_ALLOWED", 1 << 20)
    source = zipped(tmp_path, {"a.csv": ZEROS * 16})
    content = source.read_bytes()
    with zipfile.ZipFile(source) as archive:
        size = archive.getinfo("a.csv").compress_size.to_bytes(4, "little")
    source.write_bytes(content.replace(size, (1 << 30).to_bytes(4, "little")))
    with pytest.raises(Failure, match=r"bomb|wrong bytes"):
        unpack(source, tmp_path / "out/a.csv", File(name="a.csv"), member="a.csv")


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_name_that_stands_for_two_members_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("a.csv", BODY)
        archive.writestr("a.csv", b"other")
    refused(tmp_path, tmp_path / "a.zip", "is in the archive more than once")


def test_a_table_that_shrinks_well_is_no_bomb(tmp_path: Path) -> None:
    table = b"0," * (1 << 20) + b"\n"
    source = zipped(tmp_path, {"a.csv": table})
    unpack(source, tmp_path / "b", File(name="a.csv"), member="a.csv")
    assert (tmp_path / "b").stat().st_size == len(table)


def test_other_methods_and_encryption_are_refused(tmp_path: Path) -> None:
    refused(tmp_path, zipped(tmp_path, {"a.csv": BODY}, zipfile.ZIP_LZMA), "another method")
    source = zipped(tmp_path, {"a.csv": BODY})
    content = bytearray(source.read_bytes())
    content[content.index(b"PK\x01\x02") + 8] |= 1
    source.write_bytes(content)
    refused(tmp_path, source, "encrypted")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "not a zip"),
        (b"<html>", "not a zip"),
        (None, "not in the archive, which holds b.csv, c.csv"),
    ],
)
def test_what_is_no_such_zip_is_a_failure(tmp_path: Path, content: bytes | None, said: str) -> None:
    source = zipped(tmp_path, {"b.csv": BODY, "c.csv": BODY})
    if content is not None:
        source.write_bytes(content)
    with pytest.raises(Failure, match=said):
        unpack(source, tmp_path / "out", File(name="a.csv"), member="a.csv")


@pytest.mark.parametrize("kind", ["stored", "deflated", "gzip"])
def test_an_archive_with_bytes_changed_anywhere_comes_out_whole_or_is_a_failure(
    tmp_path: Path, kind: str
) -> None:
    draw, table = random.Random(kind), b"1,2,3\n" * 100
    if kind == "gzip":
        whole, member = gzip.compress(table), None
    else:
        method = zipfile.ZIP_STORED if kind == "stored" else zipfile.ZIP_DEFLATED
        whole, member = zipped(tmp_path, {"a": table, "é": b""}, method).read_bytes(), "a"
    for _ in range(1000):
        content = bytearray(whole)
        for _ in range(draw.randint(1, 3)):
            start = draw.randrange(len(content))
            stop = start + draw.randint(0, 2)
            content[start:stop] = draw.randbytes(draw.randint(0, 2))
        (tmp_path / "broken").write_bytes(content)
        try:
            unpack(tmp_path / "broken", tmp_path / "out", File(name="a"), member)
        except Failure:
            continue
        assert (tmp_path / "out").read_bytes() in (table, bytes(content))


def test_a_damaged_member_is_a_failure(tmp_path: Path) -> None:
    source = zipped(tmp_path, {"a.csv": BODY})
    content = bytearray(source.read_bytes())
    content[1000:1010] = bytes(10)
    source.write_bytes(content)
    with pytest.raises(Failure, match="wrong bytes: "):
        unpack(source, tmp_path / "out", File(name="a.csv"), member="a.csv")
    assert not (tmp_path / "out").exists()
