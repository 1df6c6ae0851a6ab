"""Temperature scaling, so that a model's confidence says how often it is right.

Guo et al., "On Calibration of Modern Neural Networks", 2017, section 4.2: all logits are divided by
one number, fitted on images that trained nothing. The predicted class stays what it was.
"""

from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from shared.dataset import Labels, Split
from shared.tf import keras

Calibration = Literal["temperature", "none"]
Floats = npt.NDArray[np.floating]

BATCH = 500
RANGE = (0.1, 10.0)
"""Where a temperature is looked for. Images without a mistake would have it fall to 0."""


def fit_temperature(logits: Floats, labels: Labels) -> float:
    """Return the temperature at which logits [N, K] give the labels [N] the least cross-entropy."""
    # Half a second that the first step need not wait for.
    from scipy.optimize import minimize_scalar  # noqa: PLC0415
    from scipy.special import log_softmax  # noqa: PLC0415

    every = np.arange(len(labels))

    def cross_entropy(log_temperature: float) -> float:
        scaled = logits.astype(np.float64) / np.exp(log_temperature)
        return -float(log_softmax(scaled, axis=1)[every, labels].mean())

    found = minimize_scalar(cross_entropy, bounds=np.log(RANGE), method="bounded")
    return round(float(np.exp(found.x)), 4)


def with_temperature(model: Any, temperature: float) -> Any:
    """Return the model with its logits divided by the temperature, by a layer of that name."""
    divide = keras.layers.Rescaling(1 / temperature, dtype="float32", name="temperature")
    return keras.Model(model.inputs[0], divide(model.outputs[0]), name=model.name)


def calibrated(model: Any, validation: Split) -> Any:
    """Return the model with the temperature that fits the validation split."""
    starts = range(0, len(validation.labels), BATCH)
    batches = (validation.images[start : start + BATCH] for start in starts)
    logits = np.concatenate([np.asarray(model(batch, training=False)) for batch in batches])
    return with_temperature(model, fit_temperature(logits, validation.labels))
