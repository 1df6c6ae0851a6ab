from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import yaml

from conftest import ROOT
from shared.dataset import ImageShape, Split
from shared.tf import keras, tf
from training.augmentation import Augmentation
from training.batches import Batches, Chunk
from training.building import weights_of_classes
from training.engine import Engine, Losses
from training.network import Choices, build
from training.normalization import with_keras_layers
from training.optimization import build_optimizer
from training.params import TrainParams

IMAGE = ImageShape(height=12, width=12, channels=1)
BATCH = 8
PLACE = Augmentation(1.0)
EVERYTHING = Augmentation(1.0, horizontal_flip=True, photometric=1.0, inversion=True)
CHOICES = Choices(width=24, padding="same", pooling="max", activation="relu", dropout=0.0)


def engine(dropout: float = 0.2, *, scale_loss: bool = False, **changes: Any) -> Engine:
    keras.utils.set_random_seed(0)
    model = build("compact", IMAGE, 4, replace(CHOICES, dropout=dropout))
    optimizer = build_optimizer("adam", 0.003, momentum=0.0, scale_loss=scale_loss)
    options = {
        "batch_size": BATCH,
        "label_smoothing": 0.0,
        "augmentation": Augmentation(0.0),
        **changes,
    }
    return Engine(model, optimizer, **options)


def train(engine: Engine, chunk: Chunk) -> Losses:
    return engine.train(engine.place(chunk)).losses


def steps_of(split: Split, steps: int, first: int = 0, augmentation: Augmentation = PLACE) -> Chunk:
    return Batches(split, BATCH, "file", augmentation, seed=0).gather(first, steps)


def weights(engine: Engine) -> list[Any]:
    return [variable.numpy() for variable in engine.variables]


def test_it_learns(bars: Split) -> None:
    trained = engine()
    losses = train(trained, steps_of(bars, 60))
    assert losses.shape == (60,)
    assert losses[-10:].mean() < 0.3 * losses[:5].mean()
    assert trained.evaluate(bars).accuracy > 0.9


@pytest.mark.parametrize("augmentation", [Augmentation(0.0), EVERYTHING])
def test_cutting_the_steps_into_other_chunks_changes_no_bit(
    bars: Split, augmentation: Augmentation
) -> None:
    whole, cut = engine(augmentation=augmentation), engine(augmentation=augmentation)
    losses = train(whole, steps_of(bars, 9, augmentation=augmentation))
    parts = [
        train(cut, steps_of(bars, steps, first, augmentation))
        for first, steps in [(0, 1), (1, 5), (6, 3)]
    ]
    np.testing.assert_array_equal(losses, np.concatenate(parts))
    for one, other in zip(weights(whole), weights(cut), strict=True):
        np.testing.assert_array_equal(one, other)


def test_chunks_of_any_length_are_traced_once(bars: Split) -> None:
    trained = engine()
    for steps in (1, 5, 2):
        train(trained, steps_of(bars, steps))
    assert trained._chunk.experimental_get_tracing_count() == 1


@pytest.mark.parametrize("xla_capacity", [None, 2])
def test_compiling_before_the_first_step_changes_nothing(
    bars: Split, xla_capacity: int | None
) -> None:
    cold, warm = (engine(augmentation=PLACE, xla_capacity=xla_capacity) for _ in range(2))
    warm.compile(steps_of(bars, 1))
    for one, other in zip(weights(cold), weights(warm), strict=True):
        np.testing.assert_array_equal(one, other)
    chunk = steps_of(bars, 2)
    np.testing.assert_array_equal(train(cold, chunk), train(warm, chunk))
    assert warm._chunk.experimental_get_tracing_count() == 1


def test_xla_compiles_a_whole_chunk_once_and_gives_nearly_the_same(bars: Split) -> None:
    # Without dropout, whose masks Keras draws with another generator under XLA.
    plain = engine(dropout=0.0, augmentation=PLACE)
    compiled = engine(dropout=0.0, augmentation=PLACE, xla_capacity=4)
    for first, steps in [(0, 4), (4, 2)]:
        chunk = steps_of(bars, steps, first)
        np.testing.assert_allclose(train(compiled, chunk), train(plain, chunk), rtol=1e-3)
    for one, other in zip(plain.model.weights, compiled.model.weights, strict=True):
        np.testing.assert_allclose(one.numpy(), other.numpy(), atol=1e-3, err_msg=one.path)
    assert compiled._chunk.experimental_get_tracing_count() == 1


def test_evaluation_is_keras_s_own_and_changes_nothing(bars: Split) -> None:
    trained = engine()
    train(trained, steps_of(bars, 3))
    before = weights(trained)
    score = trained.evaluate(bars)
    for one, other in zip(before, weights(trained), strict=True):
        np.testing.assert_array_equal(one, other)
    logits = trained.model.predict(bars.images, verbose=0)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)(bars.labels, logits)
    assert score.loss == pytest.approx(float(loss), rel=1e-5)
    assert score.accuracy == (logits.argmax(axis=1) == bars.labels).mean()


def test_balanced_weights_give_each_class_its_part_and_images_1_on_average() -> None:
    section = yaml.safe_load((ROOT / "params.yaml").read_text())["train"]
    params = TrainParams.model_validate(section | {"class_weights": "balanced"})
    labels = np.repeat(np.array([0, 1], np.uint8), [97, 3])
    weights = weights_of_classes(params, labels, 2)
    assert weights is not None
    parts = weights * [97, 3]
    np.testing.assert_allclose(parts, [50, 50], rtol=1e-6)
    assert weights_of_classes(TrainParams.model_validate(section), labels, 2) is None


def test_label_smoothing_is_in_the_training_loss_only(bars: Split) -> None:
    sharp, smooth = engine(), engine(label_smoothing=0.2)
    assert sharp.evaluate(bars) == smooth.evaluate(bars)
    first = train(sharp, steps_of(bars, 1))
    assert first != train(smooth, steps_of(bars, 1))


@pytest.mark.parametrize(
    ("optimizer", "weights"), [("adam", None), ("sgd", None), ("sgd", [0.5, 2.0, 1.0, 4.0])]
)
def test_one_step_is_what_keras_would_do(
    bars: Split, optimizer: Any, weights: list[float] | None
) -> None:
    ours = engine()
    ours = Engine(
        ours.model,
        build_optimizer(optimizer, 0.01, momentum=0.9, scale_loss=False),
        batch_size=BATCH,
        label_smoothing=0.0,
        augmentation=Augmentation(0.0),
        class_weights=None if weights is None else np.array(weights, np.float32),
    )
    theirs = with_keras_layers(engine().model)
    optimizers = {
        "adam": keras.optimizers.Adam(0.01),
        "sgd": keras.optimizers.SGD(0.01, momentum=0.9),
    }
    theirs.compile(
        optimizers[optimizer], keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    )
    chunk = steps_of(bars, 2)
    train(ours, chunk)
    for batch, truth in zip(chunk.images, chunk.labels, strict=True):
        theirs.train_on_batch(batch, truth, class_weight=weights and dict(enumerate(weights)))
    for one, other in zip(ours.model.get_weights(), theirs.get_weights(), strict=True):
        # A fiftieth of the learning rate: where a gradient is next to 0, Adam divides its rounding
        # by its size.
        np.testing.assert_allclose(one, other, atol=2e-4)


@pytest.mark.parametrize("xla_capacity", [None, 40])
@pytest.mark.parametrize("precision", ["mixed_bfloat16", "mixed_float16"])
def test_mixed_precision_learns(bars: Split, precision: str, xla_capacity: int | None) -> None:
    keras.config.set_dtype_policy(precision)
    try:
        trained = engine(scale_loss=precision == "mixed_float16", xla_capacity=xla_capacity)
        losses = train(trained, steps_of(bars, 40))
    finally:
        keras.config.set_dtype_policy("float32")
    model = trained.model
    assert model.get_layer("conv2").compute_dtype == precision.removeprefix("mixed_")
    assert all(weight.dtype == "float32" for weight in model.trainable_weights)
    assert model.output.dtype == "float32"
    assert losses[-5:].mean() < 0.5 * losses[0]
    assert trained.learning_rate == pytest.approx(0.003)


def test_graph_is_a_graph() -> None:
    assert isinstance(engine().graph(), tf.Graph)
