import math
from dataclasses import replace
from itertools import combinations
from typing import Any, get_args

import numpy as np
import pytest

from shared.console import StageError
from shared.dataset import ImageShape
from shared.tf import keras, tf
from training.network import Activation, Choices, Network, Padding, Pooling, build

MNIST = ImageShape(height=28, width=28, channels=1)
CHOICES = Choices(width=24, padding="same", pooling="max", activation="relu", dropout=0.5)


def test_tutorial_is_the_article_s_network() -> None:
    model = build("tutorial", MNIST, 10, CHOICES)
    shapes = {layer.name: tuple(layer.output.shape[1:]) for layer in model.layers}
    assert shapes == {
        "pixels": (28, 28, 1),
        "cast": (28, 28, 1),
        "conv1": (28, 28, 32),
        "pool1": (14, 14, 32),
        "conv2": (14, 14, 64),
        "pool2": (7, 7, 64),
        "flatten": (3136,),
        "dense": (1024,),
        "dropout": (1024,),
        "logits": (10,),
    }
    # 5·5·1·32 + 32, 5·5·32·64 + 64, 3136·1024 + 1024, 1024·10 + 10
    assert model.count_params() == 832 + 51_264 + 3_212_288 + 10_250
    assert model.get_layer("dropout").rate == 0.5


def test_tutorial_starts_as_the_article_does() -> None:
    keras.utils.set_random_seed(0)
    model = build("tutorial", MNIST, 10, CHOICES)
    for name in ("conv1", "conv2", "dense", "logits"):
        kernel, bias = model.get_layer(name).get_weights()
        assert (bias == 1.0).all()
        assert np.abs(kernel).max() <= 0.2, "truncated at two standard deviations"
        # A normal of sd 0.1, cut at two of them, has an sd of 0.088.
        assert kernel.std() == pytest.approx(0.088, rel=0.06)


@pytest.mark.parametrize("network", get_args(Network))
def test_no_two_weight_tensors_start_from_the_same_random_numbers(network: Network) -> None:
    keras.utils.set_random_seed(0)
    weights = [weight.ravel() for weight in build(network, MNIST, 10, CHOICES).get_weights()]
    random = [weight for weight in weights if weight.std() > 0]
    assert len(random) == {"compact": 4, "accurate": 6, "tutorial": 4}[network]
    for one, other in combinations(random, 2):
        size = min(one.size, other.size)
        assert abs(np.corrcoef(one[:size], other[:size])[0, 1]) < 0.2


def test_raw_pixels_reach_the_tutorial_as_they_are() -> None:
    white = np.full((1, 28, 28, 1), 255, np.uint8)
    model = build("tutorial", MNIST, 10, CHOICES)
    assert (keras.Model(model.input, model.get_layer("cast").output)(white) == 255.0).numpy().all()


@pytest.mark.parametrize("network", ["compact", "accurate"])
def test_light_and_contrast_make_no_difference(network: Network) -> None:
    colour = ImageShape(height=28, width=28, channels=3)
    model = build(network, colour, 10, CHOICES)
    images = 2 * np.random.default_rng(0).integers(0, 60, (4, 28, 28, 3), dtype=np.uint8)
    expected = model(images)
    np.testing.assert_allclose(model(images + np.uint8(100)), expected, atol=1e-4)
    np.testing.assert_allclose(model(images // 2 + np.uint8(9)), expected, atol=1e-3)


@pytest.mark.parametrize("network", ["compact", "accurate"])
def test_blank_images_are_exactly_alike_whatever_their_grey(network: Network) -> None:
    """With rounding in them, each runtime would see something else."""
    model = build(network, MNIST, 10, CHOICES)
    blank = np.arange(256, dtype=np.uint8).reshape(-1, 1, 1, 1) + np.zeros((28, 28, 1), np.uint8)
    seen = keras.Model(model.input, model.get_layer("normalize").output)
    for compiled in (False, True):
        assert not tf.function(seen, jit_compile=compiled)(blank).numpy().any()


def test_compact_has_at_most_100_000_parameters() -> None:
    assert build("compact", MNIST, 10, CHOICES).count_params() <= 100_000


def test_accurate_has_at_most_400_000_parameters() -> None:
    assert build("accurate", MNIST, 10, replace(CHOICES, width=32)).count_params() <= 400_000


@pytest.mark.parametrize("network", ["compact", "accurate"])
def test_width_multiplies_every_convolution(network: Any) -> None:
    one, two = (build(network, MNIST, 10, replace(CHOICES, width=width)) for width in (8, 16))
    for layer in one.layers:
        if isinstance(layer, keras.layers.Conv2D):
            assert two.get_layer(layer.name).filters == 2 * layer.filters


@pytest.mark.parametrize("network", get_args(Network))
@pytest.mark.parametrize("padding", get_args(Padding))
@pytest.mark.parametrize("pooling", get_args(Pooling))
@pytest.mark.parametrize("activation", get_args(Activation))
def test_every_choice_is_in_the_network(
    network: Network, padding: Padding, pooling: Pooling, activation: Activation
) -> None:
    choices = replace(CHOICES, padding=padding, pooling=pooling, activation=activation)
    model = build(network, MNIST, 10, choices)
    pools = {type(layer).__name__ for layer in model.layers if "pool" in layer.name}
    assert [pooling in name.lower() for name in pools] == [True]
    used = {layer.activation.__name__ for layer in model.layers if hasattr(layer, "activation")}
    assert used - {"linear"} == {activation}
    assert model.get_layer("conv2").padding == padding
    logits = model(np.zeros((2, 28, 28, 1), np.uint8))
    assert logits.shape == (2, 10)


@pytest.mark.parametrize("network", get_args(Network))
@pytest.mark.parametrize("padding", get_args(Padding))
def test_output_sizes_follow_the_article_s_formula(network: Network, padding: Padding) -> None:
    model = build(network, MNIST, 10, replace(CHOICES, padding=padding))
    checked = []
    for layer in model.layers:
        if not isinstance(layer, keras.layers.Conv2D | keras.layers.MaxPooling2D):
            continue
        size, out = layer.input.shape[1], layer.output.shape[1]
        kernel = (getattr(layer, "kernel_size", None) or layer.pool_size)[0]
        stride = layer.strides[0]
        # "same" pads as much as it takes for one output for every stride.
        total = max((-(-size // stride) - 1) * stride + kernel - size, 0)
        pad = total / 2 if layer.padding == "same" else 0
        assert out == math.floor((size - kernel + 2 * pad) / stride) + 1, layer.name
        checked.append(layer.name)
    assert len(checked) == {"compact": 4, "accurate": 5, "tutorial": 4}[network]


@pytest.mark.parametrize("network", ["compact", "accurate"])
@pytest.mark.parametrize("sides", [(8, 8), (11, 9), (64, 64), (128, 128)])
def test_images_of_8_to_128_pixels_fit(network: Network, sides: tuple[int, int]) -> None:
    image = ImageShape(height=sides[0], width=sides[1], channels=3)
    assert build(network, image, 10, replace(CHOICES, padding="same")).output.shape == (None, 10)


def test_a_too_small_image_is_refused_by_name() -> None:
    tiny = ImageShape(height=4, width=4, channels=1)
    with pytest.raises(
        StageError, match=r"train\.network: tutorial .* larger images than 4×4; .*accurate"
    ):
        build("tutorial", tiny, 10, replace(CHOICES, padding="valid"))


def test_an_error_of_another_kind_is_not_said_to_be_the_image_s_size(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def layers_that_do_not_fit(*_: object) -> None:
        raise ValueError("a bug")

    monkeypatch.setattr("training.network._compact", layers_that_do_not_fit)
    with pytest.raises(ValueError, match="a bug"):
        build("compact", MNIST, 10, CHOICES)


def test_colour_and_other_sizes_fit() -> None:
    colour = ImageShape(height=32, width=20, channels=3)
    model = build("compact", colour, 7, CHOICES)
    assert model(np.zeros((2, 32, 20, 3), np.uint8)).shape == (2, 7)
