"""What a file is, by its first bytes and not by its name."""

import re
import tarfile
import zipfile
from contextlib import suppress
from typing import IO, NamedTuple

from downloading.files import Files
from shared.console import StageError

_HEAD = 1 << 12
_LINE = 1 << 20
_KINDS = {
    b"PK\x03\x04": "zip",
    b"\x93NUMPY": "npy",
    b"\x89HDF\r\n": "hdf5",
    b"MATLAB 5.0": "mat",
    b"PAR1": "parquet",
    b"\x89PNG\r\n": "picture",
    b"\xff\xd8\xff": "picture",
    b"GIF8": "picture",
    b"II*\0": "picture",
    b"MM\0*": "picture",
    b"P5": "picture",
    b"P6": "picture",
}
_PICKLE = (
    "a pickle, which can run any code when it is opened; if you trust it, convert it: "
    "import numpy, pickle; d = pickle.load(open(FILE, 'rb'), encoding='latin1'); "
    "numpy.savez('data.npz', x_train=d['data'], y_train=d['labels'])"
)
_PICKLE_OF_PLANES = _PICKLE.replace("d['data']", "d['data'].reshape(-1, 3, 32, 32)")  # CIFAR's
_TO_CSV = ".to_csv('table.csv', index=False)"
_LOGIN = "a web page, not the data: the download wants a login or another link"
_UTF_16 = "text in UTF-16; convert it: iconv -f UTF-16 -t UTF-8 FILE > table.csv"
_CR = "lines that end as on old Macs; convert it: tr '\\r' '\\n' < FILE > table.csv"
_UNREADABLE = {
    b"\x80\x02": _PICKLE,
    b"\x80\x03": _PICKLE,
    b"\x80\x04": _PICKLE,
    b"\x80\x05": _PICKLE,
    b"BZh": "packed by bzip2; unpack it: bunzip2 FILE",
    b"\xfd7zXZ": "packed by xz; unpack it: unxz FILE",
    b"7z\xbc\xaf": "a 7z archive; unpack it: 7z x FILE",
    b"Rar!": "a rar archive; unpack it: unrar x FILE",
    b"\x28\xb5\x2f\xfd": "packed by zstd; unpack it: unzstd FILE",
    b"\xd0\xcf\x11\xe0": f"a spreadsheet; write it as a CSV: pandas.read_excel(FILE){_TO_CSV}",
    b"SQLite format": f"a database; write a table as a CSV: pandas.read_sql(QUERY, FILE){_TO_CSV}",
    b"ARROW1": "an Arrow file; write it as Parquet: "
    "pyarrow.parquet.write_table(pyarrow.ipc.open_file(FILE).read_all(), 'train.parquet')",
    b"%PDF": "a PDF, and no data",
    b"<!DOCTYPE": _LOGIN,
    b"<!doctype": _LOGIN,
    b"<html": _LOGIN,
    b"version https://git-lfs": "what Git LFS keeps in place of a file; fetch it: git lfs pull",
    b"\xff\xfe": _UTF_16,
    b"\xfe\xff": _UTF_16,
}
_BINARY = re.compile(rb"[\0-\x08\x0e-\x1a\x1c-\x1f]")
_TEXTS = {
    "arff": re.compile(rb"(\s*%[^\n]*\n|\s*\n)*\s*@relation", re.IGNORECASE),
    "libsvm": re.compile(rb"-?[\d.]+([ \t]+\d+:-?[\d.eE+-]+)+\s*([\r\n]|$)"),
    "json": re.compile(rb'\s*\{\s*"'),
}
_CIFAR = (3073, 3074)  # bytes of a record, one or two of which are labels


class Item(NamedTuple):
    """A file, what kind it is of, and why it cannot be read, if so."""

    path: str
    kind: str
    refusal: str = ""


def sniff(files: Files, path: str) -> Item:
    """Return what kind of file it is: picture, text, npy, …, or "" with a refusal."""
    if zipfile.is_zipfile(files.root / path):
        return Item(path, "zip")
    with files.open(path) as stream:
        head = stream.read(_HEAD)
        kind, refusal = _kind(head), ""
        if head[257:262] == b"ustar":
            stream.seek(0)
            refusal = _of_tar(stream)
        elif kind == "text" and b"\n" not in head and _ends_in_cr(head + stream.read(_LINE)):
            refusal = _CR
        if refusal:
            return Item(path, "", refusal)
        stream.seek(0, 2)
        if not kind and any(stream.tell() % record == 0 for record in _CIFAR):
            kind = "cifar"
    if kind == "zip" and (files.root / path).is_file():
        return Item(path, "", "a zip that is damaged, or cut off; fetch it anew")
    if kind and head:
        return Item(path, kind)
    for start, refusal in _UNREADABLE.items():
        if head.startswith(start):
            planes = refusal == _PICKLE and "batch" in path
            return Item(path, "", _PICKLE_OF_PLANES if planes else refusal)
    return Item(path, "", "of a kind that is not known" if head else "empty")


def _kind(head: bytes) -> str:
    """Return the kind that a file's first bytes tell, or "" of none."""
    for start, kind in _KINDS.items():
        if head.startswith(start):
            return kind
    if _is_webp_or_bmp(head):
        return "picture"
    if head[:2] == b"\0\0" and head[2:3] in b"\x08\x09\x0b\x0c\x0d\x0e" and 0 < head[3] < 5:
        return "idx"
    if _BINARY.search(head) or any(map(head.startswith, _UNREADABLE)):
        return ""
    return next((kind for kind, start in _TEXTS.items() if start.match(head)), "text")


def _ends_in_cr(line: bytes) -> bool:
    return b"\r" in line and b"\n" not in line


def _is_webp_or_bmp(head: bytes) -> bool:
    webp = head[:4] == b"RIFF" and head[8:12] == b"WEBP"
    return webp or (head[:2] == b"BM" and head[6:10] == bytes(4))


def _of_tar(stream: IO[bytes]) -> str:
    with suppress(tarfile.TarError), tarfile.open(fileobj=stream) as archive:
        for member in archive:
            content = archive.extractfile(member)
            if content and content.read(2) in _UNREADABLE:
                return f"a tar that holds {member.name}, {_PICKLE_OF_PLANES}"
    return "a tar; unpack it: tar -xf FILE"


def refused(items: list[Item]) -> StageError:
    """Return the error, of one line, for files of which none can be read."""
    path, _, refusal = items[0]
    more = f" (and {len(items) - 1} more files like it)" if len(items) > 1 else ""
    return StageError(f"{path}: {refusal.replace('FILE', repr(path.rpartition('/')[2]))}{more}")
