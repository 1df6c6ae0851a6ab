"""Preprocess: the tables of labelled pixels become checked, memory-mappable arrays."""

from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Annotated

import pandas as pd
from pydantic import AfterValidator, Field

from preprocessing.arrays import read_arrays, read_sources
from preprocessing.audit import (
    OnOverlap,
    count_groups,
    count_repeats,
    count_rows,
    drop_overlap,
    find_repeats,
    refuse_overlap,
)
from preprocessing.brightness import warn_of_brightness
from preprocessing.classes import class_picture, first_images, mean_images, rows_per_class
from preprocessing.held_out import Method, require_every_class, test_mask, validation_mask
from preprocessing.storage import Rows, store, write_split
from preprocessing.table import read_table
from shared.console import log, run
from shared.dataset import TABLE, Dataset, Draw, load_dataset, open_split
from shared.figures import drawable_names, save_png
from shared.files import naming, write_csv, write_json
from shared.lock import stage_lock
from shared.params import Params, load

TRAIN_TABLE = Path("data/raw/train")
TEST_TABLE = Path("data/raw/test")
DATASET = Path("data/raw/dataset.json")

TRAIN = Path("data/prepared/train.npz")
VALIDATION = Path("data/prepared/validation.npz")
TEST = Path("data/prepared/test.npz")
TEST_ROWS = Path("data/prepared/test_rows.csv")
REPEATS = Path("data/prepared/repeats.csv")
METRICS = Path("metrics/data.json")
CLASSES = Path("plots/classes.csv")
CLASS_IMAGES = Path("plots/classes.png")


def _rows_or_share(size: float) -> float:
    if size > 1 and size % 1:
        raise ValueError("must be a number of rows, or a share below 1")
    return size


class PreprocessParams(Params):
    """The section `preprocess` of params.yaml."""

    validation_size: Annotated[float, Field(gt=0), AfterValidator(_rows_or_share)]
    split: Method
    seed: int = Field(ge=0, lt=2**32)
    on_overlap: OnOverlap


@stage_lock("preprocess")
def main() -> None:
    """Read both tables to their ends before anything is written: a bad one leaves no outs."""
    params = load(PreprocessParams, "preprocess")
    dataset = load_dataset(DATASET)
    names = dataset.class_names
    folder = TRAIN.parent
    folder.mkdir(parents=True, exist_ok=True)
    with TemporaryFile(dir=folder) as train_scratch, TemporaryFile(dir=folder) as test_scratch:
        with naming(folder):
            found = read_splits(dataset, params, train_scratch, test_scratch)
        repeats = find_repeats(found, names)
        if params.on_overlap == "fail":
            refuse_overlap(repeats)
        splits = drop_overlap(found) if params.on_overlap == "drop" else found
        require_every_class(splits["train"].labels, dataset.classes, f"{TRAIN_TABLE}")
        for path, rows in zip((TRAIN, VALIDATION, TEST), splits.values(), strict=True):
            write_split(path, rows)
        means = mean_images(splits["train"], len(names))
    counts = count_rows(found, splits) | count_repeats(repeats, list(splits)) | count_groups(found)
    write_csv(REPEATS, repeats)
    write_csv(TEST_ROWS, pd.DataFrame({"row": splits["test"].row_names}))
    write_json(METRICS, counts)
    labels = {name: rows.labels for name, rows in splits.items()}
    write_csv(CLASSES, rows_per_class(labels, names))
    examples = first_images(open_split(TRAIN), len(names))
    save_png(CLASS_IMAGES, class_picture(means, examples, drawable_names(dataset.classes)))
    told = {name.replace("_", " "): f"{count:,}" for name, count in counts.items() if count}
    log.info(", ".join(f"{name} {count}" for name, count in told.items()))


def read_splits(
    dataset: Dataset, params: PreprocessParams, train_scratch: IO[bytes], test_scratch: IO[bytes]
) -> dict[str, Rows]:
    """Return train, validation and test, in this order; their pixels are in the scratch files."""
    table = read_rows(TRAIN_TABLE, dataset, dataset.train.rows, train_scratch)
    if isinstance(dataset.test, Draw):
        drawn = test_mask(table.labels, dataset.test, table.groups)
        table, test = table.where(~drawn), table.where(drawn)
    else:
        test = read_rows(TEST_TABLE, dataset, dataset.test.rows, test_scratch)
    mask = validation_mask(
        table.labels, params.split, params.validation_size, params.seed, table.groups
    )
    return {"train": table.where(~mask), "validation": table.where(mask), "test": test}


def read_rows(folder: Path, dataset: Dataset, rows: int, scratch: IO[bytes]) -> Rows:
    """Return the rows of a table, which is text or arrays."""
    if (folder / "images.idx").exists():
        columns = read_sources(folder)
        chunks, names, groups = (
            read_arrays(folder, dataset),
            columns["source"],
            columns.get("group"),
        )
        table = store(chunks, scratch, names, groups)
    else:
        table = store(read_table(folder / TABLE, dataset, rows), scratch, 1 + dataset.header)
    warn_of_brightness(folder, table, dataset)
    return table


if __name__ == "__main__":
    run(main)
