"""Fetch a dataset of the catalog: the CSV tables of train and test, and what is known of them.

The tables are the same bytes whichever mirror answers; the catalog holds their SHA-256s. The
environment variable DATASET_MIRROR names a URL or a folder to try before the catalog's mirrors.
"""

import os
from pathlib import Path
from tempfile import TemporaryDirectory

from downloading.catalog import load_entry
from downloading.embedded import read_package_table, split_rows
from downloading.idx import write_table
from downloading.mirrors import Patience, candidates, fetch
from downloading.resolving import resolve
from downloading.sources import Package
from shared.console import run
from shared.files import replacing, write_json
from shared.params import Params, load

CATALOG = Path("datasets")
TRAIN = Path("data/raw/train.csv")
TEST = Path("data/raw/test.csv")
DATASET = Path("data/raw/dataset.json")


class DownloadParams(Params):
    """Which dataset: the name of a file in the catalog, without its ending."""

    dataset: str


def main() -> None:
    """Write the tables, verified, and the resolved entry."""
    entry = load_entry(CATALOG, load(DownloadParams, "download").dataset)
    source = entry.source
    with replacing(TRAIN) as train, replacing(TEST) as test:
        if isinstance(source, Package):
            table = read_package_table(source)
            rows = split_rows(table, entry.label, source.test_rows, source.seed)
            train.write_bytes(rows[0])
            test.write_bytes(rows[1])
        else:
            editions = source.editions(entry.train, entry.test)
            choice = candidates(source.mirrors, editions, os.environ.get("DATASET_MIRROR"))
            with TemporaryDirectory(dir=TRAIN.parent, prefix=".", suffix=".partial") as folder:
                arrived = fetch(choice, Path(folder), Patience())
                write_table(arrived.train, entry, train)
                write_table(arrived.test, entry, test)
        dataset = resolve(entry, train, test, f"{CATALOG}/{entry.name}.yaml")
    write_json(DATASET, dataset.model_dump())


if __name__ == "__main__":
    run(main)
