"""Steps on two replicas, in one process and in two, held against the same steps on one."""

import json
import os
import socket
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from replicas import BATCH, STEPS, build_engine, train
from shared.dataset import Split
from training.augmentation import Augmentation
from training.batches import Batches

ROOT = Path(__file__).parent.parent
Results = list[dict[str, Any]]


def free_ports(count: int) -> list[int]:
    with ExitStack() as held:
        sockets = [held.enter_context(socket.create_server(("", 0))) for _ in range(count)]
        return [one.getsockname()[1] for one in sockets]


def tf_configs(workers: int = 2) -> list[str]:
    addresses = [f"localhost:{port}" for port in free_ports(workers)]
    return [
        json.dumps({"cluster": {"worker": addresses}, "task": {"type": "worker", "index": index}})
        for index in range(workers)
    ]


@pytest.fixture(scope="module")
def split(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("replicas") / "split.npz"
    random = np.random.default_rng(0)
    images = random.integers(0, 256, (30, 12, 12, 1), dtype=np.uint8)
    np.savez(path, images=images, labels=random.integers(0, 4, 30).astype(np.uint8))
    return path


@pytest.fixture(scope="module", params=["mirrored", "multi_worker"])
def results(request: pytest.FixtureRequest, split: Path) -> Results:
    """What tests/replicas.py says, a dict for each process."""
    configs = tf_configs() if request.param == "multi_worker" else [""]
    paths = [split.with_name(f"{request.param}{n}.npz") for n in range(len(configs))]
    processes = [
        subprocess.Popen(
            [sys.executable, ROOT / "tests/replicas.py", request.param, split, path],
            env={
                **os.environ,
                "PYTHONPATH": str(ROOT / "stages"),
                **({"TF_CONFIG": config} if config else {}),
            },
        )
        for config, path in zip(configs, paths, strict=True)
    ]
    assert [process.wait() for process in processes] == [0] * len(processes)
    return [dict(np.load(path)) for path in paths]


@pytest.fixture(scope="module")
def single(split: Path) -> dict[str, Any]:
    engine = build_engine()
    losses = train(engine, split)
    weights = {f"weight_{n}": weight for n, weight in enumerate(engine.model.get_weights())}
    return {"losses": losses, **weights}


def test_the_replicas_of_a_step_see_its_images_each_once_and_in_order(
    results: Results, split: Path
) -> None:
    seen = np.concatenate([result["images"] for result in results])  # [replica, step, part, …]
    assert seen.shape == (2, STEPS, BATCH // 2, 12, 12, 1)
    with np.load(split) as content:
        rows = Split(content["images"], content["labels"])
        expected = Batches(rows, BATCH, "shuffled", Augmentation(1.0), 0).gather(0, STEPS).images
    np.testing.assert_array_equal(np.concatenate(seen, axis=1), expected)


def test_losses_and_weights_are_those_of_one_replica(
    results: Results, single: dict[str, Any]
) -> None:
    """Within 0.001 after 12 steps: sums in another order, and Adam enlarges it."""
    for result in results:
        np.testing.assert_allclose(result["losses"], single["losses"], rtol=1e-3)
        for name in single.keys() - {"losses"}:  # batch normalisation's statistics are among them
            np.testing.assert_allclose(result[name][0], single[name], atol=1e-3, err_msg=name)


def test_all_replicas_end_with_the_same_bits(results: Results, single: dict[str, Any]) -> None:
    for name in ("losses", "half_losses"):
        for result in results[1:]:
            np.testing.assert_array_equal(result[name], results[0][name], err_msg=name)
    for name in single.keys() - {"losses"}:
        first, second = np.concatenate([result[name] for result in results])
        np.testing.assert_array_equal(first, second, err_msg=name)


def test_replicas_drop_different_features_and_share_one_state(results: Results) -> None:
    masks = np.concatenate([result["masks"] for result in results])
    states = np.concatenate([result["states"] for result in results])
    assert (masks[0] != masks[1]).any()
    np.testing.assert_array_equal(states[0], states[1])
    assert states[0][1] > STEPS, "it has moved on with every step"


def test_an_overflow_in_one_replica_skips_the_step_in_all(results: Results) -> None:
    for result in results:
        before, after = result["scales"]
        assert after == before / 2
        assert result["unchanged"].all()


def test_with_mixed_float16_the_losses_are_nearly_the_same(
    results: Results, single: dict[str, Any]
) -> None:
    """Nearly: a tenth of the features is dropped as well."""
    np.testing.assert_allclose(results[0]["half_losses"], single["losses"], rtol=0.5)


def test_what_the_chief_has_reaches_every_worker(results: Results) -> None:
    for result in results:
        assert result["shared"].tobytes() == b"chief"
        assert result["agreed"] == 3


def test_a_worker_that_would_train_something_else_is_refused(results: Results) -> None:
    refused = [result["refused"].tolist() for result in results]
    assert refused == [[False, False], [True, False]][: len(results)]
