"""Fetch a dataset of the catalog: the tables of train and test, and what is known of them.

A table is a folder with table.csv, or with images.idx, labels.idx and sources.csv. They are the
same bytes whichever mirror answers; the catalog holds their SHA-256s. The
environment variable DATASET_MIRROR names a URL or a folder to try before the catalog's mirrors.
"""

from pathlib import Path

from downloading.catalog import load_entry
from downloading.embedded import read_package_table, split_rows
from downloading.files import Files
from downloading.forms.form import Form
from downloading.idx import write_table
from downloading.mirrors import candidates, fetch
from downloading.own import write_own
from downloading.resolving import resolve
from downloading.sources import Package, Upstream
from downloading.transfer import Patience
from shared.console import run
from shared.dataset import TABLE
from shared.environment import readable_place
from shared.files import replacing, scratch, write_json
from shared.lock import stage_lock
from shared.params import Params, load

CATALOG = Path("datasets")
TRAIN = Path("data/raw/train")
TEST = Path("data/raw/test")
DATASET = Path("data/raw/dataset.json")
READING = Path("data/raw/reading.json")


class DownloadParams(Params):
    """Which dataset: the name of a folder in the catalog."""

    dataset: str


@stage_lock("download")
def main() -> None:
    """Write the tables, verified, and the resolved entry."""
    entry = load_entry(CATALOG, load(DownloadParams, "download").dataset)
    source = entry.source
    with replacing(TRAIN) as train, replacing(TEST) as test:
        train.mkdir()
        test.mkdir()
        if isinstance(source, Package):
            table = read_package_table(source)
            rows = split_rows(table, entry.label, source.test_rows, source.seed)
            (train / TABLE).write_bytes(rows[0])
            (test / TABLE).write_bytes(rows[1])
        elif isinstance(source, Upstream):
            editions = source.editions(entry.train, entry.test)
            choice = candidates(source.mirrors, editions, readable_place("DATASET_MIRROR"))
            with scratch(TRAIN.with_name(".fetched.partial")) as folder:
                arrived = fetch(choice, folder, Patience())
                write_table(arrived.train, entry, train / TABLE)
                write_table(arrived.test, entry, test / TABLE)
        else:
            files = Files(CATALOG / entry.name / "data")
            write_own(source, "train", files, entry, train)
            write_own(source, "test", files, entry, test)
        dataset = resolve(entry, train, test, f"{CATALOG}/{entry.name}/entry.yaml")
    write_json(DATASET, dataset.model_dump(exclude={"fit"}))
    layout = source.layout if isinstance(source, Form) else {}
    write_json(READING, {"fit": dataset.fitting} | ({"layout": layout} if layout else {}))


if __name__ == "__main__":
    run(main)
