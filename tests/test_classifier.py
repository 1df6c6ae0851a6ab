"""Loading the trained model: what fits is taken, in float32; what does not is refused by name."""

import io
import json
import re
from collections.abc import Callable
from itertools import chain, islice
from pathlib import Path
from zipfile import ZipFile

import numpy as np
import pytest

from conftest import Project
from mutants import COUNT, mutant_values, mutants
from shared.classifier import BATCH_SIZE, load_classifier, predict
from shared.console import StageError
from shared.dataset import Dataset, Images, load_dataset, open_split
from shared.tf import keras

MODEL = Path("models/model.keras")


def data() -> tuple[Images, Dataset]:
    return open_split(Path("data/prepared/test.npz")).images, load_dataset(
        Path("data/raw/dataset.json")
    )


def test_mixed_precision_is_undone_and_the_weights_stay(project: Project) -> None:
    project(precision="mixed_bfloat16")
    images, dataset = data()
    trained = keras.models.load_model(MODEL, compile=False)
    loaded = load_classifier(MODEL, images, dataset)
    assert {layer.dtype_policy.name for layer in loaded.layers} == {"float32"}
    assert loaded.inputs[0].dtype == "uint8"
    for ours, theirs in zip(loaded.get_weights(), trained.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)
    np.testing.assert_allclose(loaded(images[:]), trained(images[:]), atol=0.1)


def test_float32_models_compute_what_they_did(project: Project) -> None:
    project()
    images, dataset = data()
    trained = keras.models.load_model(MODEL, compile=False)
    loaded = load_classifier(MODEL, images, dataset)
    np.testing.assert_array_equal(loaded(images[:]), trained(images[:]))


def test_batches_come_out_as_one_whole() -> None:
    images = np.arange(2 * BATCH_SIZE + 7).reshape(-1, 1, 1, 1).astype(np.uint8)
    sizes = []

    def scores(batch: Images) -> Images:
        sizes.append(len(batch))
        return batch[:, 0, 0]

    np.testing.assert_array_equal(predict(scores, images), images[:, 0, 0])
    assert sizes == [BATCH_SIZE, BATCH_SIZE, 7]


def test_images_of_another_shape_are_refused(project: Project) -> None:
    project()
    images, dataset = data()
    with pytest.raises(
        StageError, match=r"takes images of 8×9×1, but those of insects are 9×8×1; `dvc repro tr"
    ):
        load_classifier(MODEL, images.reshape(60, 9, 8, 1), dataset)


def test_a_missing_model_is_refused(project: Project) -> None:
    project()
    MODEL.unlink()
    with pytest.raises(StageError, match=r"^models/model\.keras: no such file; `dvc repro train`"):
        load_classifier(MODEL, *data())


def cut_off(model: bytes) -> bytes:
    return model[:2]


def with_a_flipped_bit(model: bytes) -> bytes:
    return model[:-2000] + bytes([model[-2000] ^ 1]) + model[-1999:]


def with_its_config(old: bytes, new: bytes) -> Callable[[bytes], bytes]:
    def changed(model: bytes) -> bytes:
        archive = io.BytesIO()
        with ZipFile(io.BytesIO(model)) as source, ZipFile(archive, "w") as target:
            for name in source.namelist():
                target.writestr(name, source.read(name).replace(old, new))
        assert archive.getvalue() != model
        return archive.getvalue()

    return changed


@pytest.mark.parametrize(
    "damaged",
    [
        cut_off,
        with_a_flipped_bit,
        with_its_config(b'"strides": [2, 2]', b'"steps": 2'),
        with_its_config(b'"config"', b'"settings"'),
        with_its_config(b'"scale": 0.015625', b'"scale": null'),
    ],
)
def test_a_damaged_model_is_refused_in_a_line(
    project: Project, damaged: Callable[[bytes], bytes]
) -> None:
    project()
    MODEL.write_bytes(damaged(MODEL.read_bytes()))
    refusal = r"^models/model\.keras: damaged, or not a model .*; `dvc repro train` makes it anew$"
    with pytest.raises(StageError, match=refusal):
        load_classifier(MODEL, *data())


def members(model: bytes) -> dict[str, bytes]:
    with ZipFile(io.BytesIO(model)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def zipped(contents: dict[str, bytes]) -> bytes:
    archive = io.BytesIO()
    with ZipFile(archive, "w") as target:
        for name, content in contents.items():
            target.writestr(name, content)
    return archive.getvalue()


def test_a_model_with_anything_changed_is_read_or_refused_in_a_line(project: Project) -> None:
    project()
    whole = MODEL.read_bytes()
    inside = members(whole)
    config = json.loads(inside["config.json"])
    weights = inside["model.weights.h5"]
    kinds = (
        mutants([whole], "whole"),
        (zipped(inside | {"config.json": text.encode()}) for text in mutant_values(config, "c")),
        (zipped(inside | {"model.weights.h5": new}) for new in mutants([weights], "weights")),
    )
    changed = list(islice(chain.from_iterable(zip(*kinds, strict=True)), COUNT))
    given, refusals = data(), 0
    for content in changed:
        MODEL.write_bytes(content)
        try:
            load_classifier(MODEL, *given)
        except StageError as error:
            said = str(error)
            refusals += 1
        else:
            continue
        assert re.fullmatch(r"models/model\.keras: .*; `dvc repro train` .*", said)
    assert refusals > len(changed) / 2
