"""Preprocess: the tables of labelled pixels become checked, memory-mappable arrays."""

from pathlib import Path
from tempfile import TemporaryFile

from pydantic import Field

from preprocessing.audit import count_repeats, rows_per_class
from preprocessing.split import Method, for_test, for_validation, require_every_class
from preprocessing.storage import store, write_split
from preprocessing.table import read_table
from shared.console import log, run
from shared.dataset import Draw, load_dataset
from shared.files import write_json
from shared.params import Params, load
from shared.tables import write_csv

TRAIN_TABLE = Path("data/raw/train.csv")
TEST_TABLE = Path("data/raw/test.csv")
DATASET = Path("data/raw/dataset.json")

TRAIN = Path("data/prepared/train.npz")
VALIDATION = Path("data/prepared/validation.npz")
TEST = Path("data/prepared/test.npz")
METRICS = Path("metrics/data.json")
CLASSES = Path("plots/classes.csv")


class PreprocessParams(Params):
    """The section `preprocess` of params.yaml."""

    validation_size: int = Field(ge=1)
    split: Method
    seed: int = Field(ge=0, lt=2**32)


def main() -> None:
    """Read both tables to their ends before anything is written: a bad one leaves no outs."""
    params = load(PreprocessParams, "preprocess")
    dataset = load_dataset(DATASET)
    folder = TRAIN.parent
    folder.mkdir(parents=True, exist_ok=True)
    with TemporaryFile(dir=folder) as train_scratch, TemporaryFile(dir=folder) as test_scratch:
        table = store(read_table(TRAIN_TABLE, dataset, dataset.train.rows), train_scratch)
        if isinstance(dataset.test, Draw):
            drawn = for_test(table.labels, dataset.test)
            table, test = table.where(~drawn), table.where(drawn)
        else:
            test = store(read_table(TEST_TABLE, dataset, dataset.test.rows), test_scratch)
        mask = for_validation(table.labels, params.split, params.validation_size, params.seed)
        train, validation = table.where(~mask), table.where(mask)
        require_every_class(train.labels, dataset.classes, f"{TRAIN_TABLE}")
        for path, rows in ((TRAIN, train), (VALIDATION, validation), (TEST, test)):
            write_split(path, rows)
    counts = count_repeats(train.digests, validation.digests, test.digests)
    write_json(METRICS, counts)
    labels = {"train": train.labels, "validation": validation.labels, "test": test.labels}
    write_csv(CLASSES, rows_per_class(labels, dataset.class_names))
    log.info(", ".join(f"{name.replace('_', ' ')} {count:,}" for name, count in counts.items()))


if __name__ == "__main__":
    run(main)
