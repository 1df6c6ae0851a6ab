"""Temperature scaling on logits whose right temperature is known."""

from pathlib import Path

import numpy as np
import pytest
from scipy.special import softmax

from shared.classifier import temperature_of
from shared.dataset import Split
from shared.tf import keras
from training.archive import save_model
from training.calibration import calibrated, fit_temperature, with_temperature


def drawn(count: int) -> tuple[np.ndarray, np.ndarray]:
    """Logits [N, 4] and labels drawn from the probabilities that they stand for."""
    random = np.random.default_rng(0)
    logits = random.normal(0, 2, (count, 4))
    labels = [random.choice(4, p=row) for row in softmax(logits, axis=1)]
    return logits.astype(np.float32), np.array(labels, np.uint8)


def network(precision: str = "float32") -> keras.Model:
    keras.utils.set_random_seed(0)
    pixels = keras.Input((12, 12, 1), dtype="uint8")
    features = keras.layers.Rescaling(1 / 255, dtype=precision)(pixels)
    features = keras.layers.Flatten(dtype=precision)(features)
    return keras.Model(pixels, keras.layers.Dense(4, dtype="float32")(features), name="net")


@pytest.mark.parametrize("wrong_by", [0.4, 1.0, 2.5])
def test_the_temperature_undoes_what_the_logits_are_wrong_by(wrong_by: float) -> None:
    logits, labels = drawn(5000)
    assert fit_temperature(logits * wrong_by, labels) == pytest.approx(wrong_by, rel=0.05)


def test_images_without_a_mistake_still_give_a_temperature() -> None:
    logits, _ = drawn(100)
    assert fit_temperature(logits, logits.argmax(axis=1).astype(np.uint8)) == pytest.approx(0.1)


def test_logits_are_divided_and_the_class_stays(bars: Split) -> None:
    model = network()
    before = np.asarray(model(bars.images))
    after = np.asarray(with_temperature(model, 0.4)(bars.images))
    np.testing.assert_allclose(after, before / 0.4, rtol=1e-5)
    np.testing.assert_array_equal(after.argmax(axis=1), before.argmax(axis=1))


def test_a_calibrated_model_has_the_least_cross_entropy(bars: Split) -> None:
    model = network()
    logits = np.asarray(model(bars.images))
    labels = logits.argmax(axis=1).astype(np.uint8)
    labels[::5] = bars.labels[::5]
    fitted = temperature_of(calibrated(model, Split(bars.images, labels)))

    def cross_entropy(temperature: float) -> float:
        chances = softmax(logits / temperature, axis=1)[np.arange(200), labels]
        return -float(np.log(chances).mean())

    assert cross_entropy(fitted) < min(cross_entropy(fitted * 1.05), cross_entropy(fitted / 1.05))


@pytest.mark.parametrize("precision", ["float32", "mixed_float16"])
def test_the_temperature_is_in_the_archive_and_known_to_evaluation(
    tmp_path: Path, bars: Split, precision: str
) -> None:
    model = calibrated(network(precision), bars)
    save_model(model, tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras", compile=False)
    np.testing.assert_array_equal(loaded(bars.images), model(bars.images))
    assert temperature_of(loaded) == temperature_of(model) != 1
    assert temperature_of(network()) == 1
