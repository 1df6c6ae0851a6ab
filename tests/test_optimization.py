import numpy as np
import pytest

from shared.tf import keras, tf
from training.optimization import build_optimizer, build_schedule


def test_one_cycle_rises_to_the_learning_rate_and_falls_to_zero() -> None:
    schedule = build_schedule("one-cycle", 0.01, steps=100)
    rates = [float(schedule(step)) for step in range(101)]
    assert rates[0] == pytest.approx(0.0004)
    assert max(rates) == pytest.approx(0.01)
    assert rates.index(max(rates)) == 25
    assert rates[25:] == sorted(rates[25:], reverse=True)
    assert rates[100] == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize("steps", [1, 2, 3])
def test_one_cycle_bears_the_shortest_runs(steps: int) -> None:
    schedule = build_schedule("one-cycle", 0.01, steps)
    assert all(0 <= float(schedule(step)) <= 0.0101 for step in range(steps + 1))


def test_constant_is_constant_to_the_optimizer() -> None:
    optimizer = build_optimizer(
        "sgd", build_schedule("constant", 0.1, 10), momentum=0.9, scale_loss=False
    )
    assert float(optimizer.learning_rate) == pytest.approx(0.1)
    assert optimizer.momentum == 0.9


def test_adam_is_keras_s_own() -> None:
    random = np.random.default_rng(0)
    start = random.normal(size=(50, 7)).astype(np.float32)
    weights = [tf.Variable(start), tf.Variable(start)]
    schedule = build_schedule("one-cycle", 0.1, 10)
    optimizers = [
        build_optimizer("adam", schedule, momentum=0, scale_loss=False),
        keras.optimizers.Adam(schedule),
    ]
    for _ in range(10):
        gradient = tf.constant(random.normal(size=start.shape).astype(np.float32))
        for weight, optimizer in zip(weights, optimizers, strict=True):
            optimizer.apply([gradient], [weight])
    ours, theirs = (weight.numpy() for weight in weights)
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-5)
    assert not np.allclose(ours, start, atol=0.1)
