"""What several tests need: the real MNIST and a browser where present, and small learnable data.

Two cores run all tests, and what they start decides how long that takes: a process with TensorFlow
costs 4 seconds of CPU before it trains, a command of dvc's costs one, the whole pipeline 30. So a
new test first looks for a run to look at, or to add a parameter to:

- test_pipeline.py: `committed`, the whole pipeline and its results; `project`, the same to change
- test_train.py: `finished`, 60 steps of the script; `whole`, 400, under all environment variables
- test_workers.py: `whole`, two workers that nothing interrupts
- test_seeds.py, test_search.py: `interrupted`, experiments that were cut off

Where no process has to end, `project` here makes all that evaluate and export read, and a stage's
`main()` runs in the test's own process.
"""

import importlib
import json
import os
import shutil
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from imports import reached_modules
from running.clone import elsewhere
from shared.dataset import Split
from shared.environment import named_folder
from shared.params import Params

if TYPE_CHECKING:
    from playwright.sync_api import Browser

# Where a script starts the tests in its background, its shell has SIGINT ignored, and so would have
# whatever a test starts and interrupts.
signal.signal(signal.SIGINT, signal.default_int_handler)

# Where a git hook starts the tests, their git would act on its repository. And what they make, they
# look for where it goes by default.
_A_HOOK_S = os.environ.keys() - elsewhere().keys()
for _name in {"LOG_DIR", "CHECKPOINT_DIR", "DATASET_MIRROR"} | _A_HOOK_S:
    os.environ.pop(_name, None)

ROOT = Path(__file__).parent.parent
MNIST = named_folder("MNIST_DIR", ROOT / "../shared/data/mnist").resolve()
INSECTS = {
    "name": "insects",
    "title": "Insects",
    "provenance": "Drawn at random.",
    "homepage": "https://example.org/insects",
    "licence": "CC0",
    "label": "first",
    "classes": {"1": "ant", "2": "bee", "3": "fly $1"},
    "train": {"rows": 1200, "sha256": "a" * 64},
    "test": {"rows": 60, "sha256": "b" * 64},
}
RECIPE = {
    "parameters": {"steps": 2000, "order": "shuffled", "deterministic": True},
    "weights": 1234,
    "data": {"dataset": "insects", "train": "c" * 64, "validation": "d" * 64},
    "versions": {"tensorflow": "2.0", "keras": "3.0", "numpy": "2.0"},
    "device": "CPU",
}


# What no quick test imports: it takes seconds to start, or starts what does.
HEAVY = {"tensorflow", "dvc", "playwright", "checkout", "conftest.Project"}


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--quick", action="store_true", help="only what needs no TensorFlow and no dvc"
    )


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("quick"):
        config.option.markexpr = "not slow"
        for name in ("tensorflow", "dvc"):
            sys.modules[name] = None  # type: ignore[assignment] # to import it is an error now


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """A file is not even imported in a quick run if it reaches what is heavy."""
    if not config.getoption("quick") or collection_path.suffix != ".py":
        return None
    return bool(HEAVY & reached_modules(collection_path)) or None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The files that start most, and last longest, come first: no worker ends with one."""
    long = {"checkout", "dvc", "subprocess", "tensorflow"}
    items.sort(key=lambda item: len(long & reached_modules(item.path)), reverse=True)


def params_model(stage: str) -> type[Params]:
    """The one model of its parameters that a stage's script declares."""
    [model] = [
        value
        for value in vars(importlib.import_module(stage)).values()
        if isinstance(value, type) and issubclass(value, Params) and value is not Params
    ]
    return model


@pytest.fixture(scope="session")
def mnist_folder() -> Path:
    """The folder of the four IDX files, or a skip."""
    if not (MNIST / "train-images-idx3-ubyte.gz").exists():
        pytest.skip(f"no MNIST in {MNIST}; set MNIST_DIR")
    return MNIST


@pytest.fixture(scope="session")
def browser() -> Iterator["Browser"]:
    """The system's Chromium without a window, or a skip."""
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if not chromium:
        pytest.skip("no Chromium; apt-get install chromium")
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 (few tests need it)

    with sync_playwright() as playwright:
        yield playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])


@pytest.fixture(scope="session")
def bars() -> Split:
    """200 noisy 12×12 images in which class k of 4 is a bright bar at a place of its own."""
    random = np.random.default_rng(0)
    labels = random.integers(0, 4, 200).astype(np.uint8)
    images = random.integers(0, 100, (200, 12, 12, 1), dtype=np.uint8)
    for image, label in zip(images, labels, strict=True):
        image[3 * label : 3 * label + 2] += 150
    return Split(images, labels)


Project = Callable[..., Path]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """Makes a folder with all that evaluate and export read, and goes there.

    The network has random weights; it is right on 60 test images, but for the last `wrong` ones.
    """

    def make(*, channels: int = 1, wrong: int = 6, precision: str = "float32") -> Path:
        images = np.random.default_rng(0).integers(0, 256, (60, 8, 9, channels), dtype=np.uint8)
        from shared.tf import keras  # noqa: PLC0415 (it takes seconds, which few tests need)

        keras.utils.set_random_seed(0)
        layers = keras.layers
        model = keras.Sequential(
            [
                keras.Input(images.shape[1:], dtype="uint8"),
                layers.Rescaling(1 / 64, dtype=precision),
                layers.Conv2D(4, 3, strides=2, padding="same", dtype=precision),
                layers.BatchNormalization(dtype=precision),
                layers.ReLU(dtype=precision),
                layers.Flatten(dtype=precision),
                layers.Dropout(0.5, dtype=precision),
                layers.Dense(3, dtype="float32"),
            ]
        )
        labels = model(images).numpy().argmax(axis=1).astype(np.uint8)
        labels[60 - wrong :] = (labels[60 - wrong :] + 1) % 3
        for folder in ("data/raw", "data/prepared", "models"):
            (tmp_path / folder).mkdir(parents=True)
        for split in ("train", "test"):
            np.savez(tmp_path / f"data/prepared/{split}.npz", images=images, labels=labels)
        names = "".join(f"{place}.png\n" for place in range(60))
        (tmp_path / "data/prepared/test_rows.csv").write_text(f"row\n{names}")
        model.save(tmp_path / "models/model.keras")
        image = {"height": 8, "width": 9, "channels": channels}
        (tmp_path / "data/raw/dataset.json").write_text(json.dumps(INSECTS | {"image": image}))
        (tmp_path / "data/raw/reading.json").write_text('{"fit": "digits"}')
        (tmp_path / "models/recipe.json").write_text(json.dumps(RECIPE))
        shutil.copy(ROOT / "params.yaml", tmp_path)
        monkeypatch.chdir(tmp_path)
        return tmp_path

    return make
