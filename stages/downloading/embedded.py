"""Data that an installed Python package carries: no network needed."""

import gzip
import hashlib
from importlib import resources

from sklearn.model_selection import train_test_split

from downloading.sources import Package
from shared.console import StageError


def read_package_table(source: Package) -> bytes:
    """Return the package's table, decompressed.

    Raises StageError where the package or its file is missing, or not the one in the catalog.
    """
    place = f"{source.package}/{source.file.name}"
    cure = "install the pinned packages: pip install -r requirements.txt"
    try:
        packed = resources.files(source.package).joinpath(source.file.name).read_bytes()
    except (ModuleNotFoundError, FileNotFoundError):
        raise StageError(f"{place}: not installed; {cure}") from None
    table = gzip.decompress(packed)
    found = hashlib.sha256(table).hexdigest()
    if found != source.file.sha256:
        raise StageError(f"{place}: SHA-256 is {found}, not {source.file.sha256}; {cure}")
    return table


def split_rows(table: bytes, label: str, test: int, seed: int) -> tuple[bytes, bytes]:
    """Return the table's rows in two, `test` of them apart, shuffled, in its mixture of labels."""
    rows = table.splitlines(keepends=True)
    labels = [row.strip().split(b",")[0 if label == "first" else -1] for row in rows]
    train_rows, test_rows = train_test_split(
        rows, test_size=test, random_state=seed, stratify=labels
    )
    return b"".join(train_rows), b"".join(test_rows)
