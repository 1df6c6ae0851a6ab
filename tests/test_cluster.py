import json
import os
import socket
import threading
from typing import Any

import pytest

from shared.console import StageError
from test_replicas import free_ports
from training.distributed import cluster
from training.distributed.cluster import Cluster, find_cluster, wait_for


def tf_config(monkeypatch: pytest.MonkeyPatch, jobs: dict[str, Any], job: str, index: Any) -> None:
    task = {"type": job, "index": index}
    monkeypatch.setenv("TF_CONFIG", json.dumps({"cluster": jobs, "task": task}))


def slurm(monkeypatch: pytest.MonkeyPatch, nodes: str, task: int, node: str, per: str) -> None:
    for name, value in {
        "SLURM_JOB_ID": "10023",
        "SLURM_STEP_NUM_TASKS": "3",
        "SLURM_STEP_NODELIST": nodes,
        "SLURM_STEP_TASKS_PER_NODE": per,
        "SLURM_PROCID": str(task),
        "SLURMD_NODENAME": node,
    }.items():
        monkeypatch.setenv(name, value)


def test_without_variables_there_is_no_cluster(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TF_CONFIG", raising=False)
    assert find_cluster() is None
    monkeypatch.setenv("TF_CONFIG", "")
    monkeypatch.setenv("SLURM_STEP_NUM_TASKS", "")
    assert find_cluster() is None, "empty is unset"
    with pytest.MonkeyPatch.context() as slurm:
        slurm.setenv("SLURM_STEP_NUM_TASKS", "two")
        with pytest.raises(StageError, match="Slurm's variables: "):
            find_cluster()
    tf_config(monkeypatch, {"worker": ["a:1"]}, "worker", 0)
    assert find_cluster() is None, "one worker is no cluster"


@pytest.mark.parametrize(("job", "index", "rank"), [("chief", 0, 0), ("worker", 1, 2)])
def test_tf_config_names_the_workers_and_which_this_is(
    monkeypatch: pytest.MonkeyPatch, job: str, index: int, rank: int
) -> None:
    tf_config(monkeypatch, {"worker": ["b:1", "c:1"], "chief": ["a:1"]}, job, index)
    found = find_cluster()
    assert found is not None
    assert found.addresses == ["a:1", "b:1", "c:1"]
    assert found.rank == rank


@pytest.mark.parametrize(
    "value",
    ["{", '{"cluster": {"worker": ["a:1", "b:1"]}}', '{"cluster": {"worker": 3}, "task": 1}'],
)
def test_a_broken_tf_config_is_named(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("TF_CONFIG", value)
    with pytest.raises(StageError, match=r"TF_CONFIG: .*docs/scaling\.md"):
        find_cluster()


@pytest.mark.parametrize(("job", "index"), [("worker", 2), ("chief", 0), ("ps", 0)])
def test_a_task_that_is_not_in_the_cluster_or_cannot_train_is_refused(
    monkeypatch: pytest.MonkeyPatch, job: str, index: int
) -> None:
    jobs = {"worker": ["a:1", "b:1"], **({"ps": ["c:1"]} if job == "ps" else {})}
    tf_config(monkeypatch, jobs, job, index)
    with pytest.raises(StageError, match="TF_CONFIG"):
        find_cluster()


def test_slurm_names_the_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    slurm(monkeypatch, "node[1-2]", task=2, node="node2", per="2,1")
    found = find_cluster()
    assert found is not None
    assert found.addresses == ["node1:20023", "node1:20024", "node2:20023"]
    assert found.rank == 2


def test_slurm_nodes_that_tensorflow_sorts_otherwise_are_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    slurm(monkeypatch, "node[2,10]", task=0, node="node2", per="2,1")
    with pytest.raises(StageError, match=r"Slurm.*node10"):
        find_cluster()


@pytest.mark.parametrize("leader", ["shell", "srun", None])
def test_a_command_in_an_interactive_shell_of_slurm_s_trains_alone(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, leader: str | None
) -> None:
    """The first process stands for a shell, whose commands have process groups of their own."""
    slurm(monkeypatch, "node1", task=0, node="node1", per="3")
    monkeypatch.setenv("SLURM_PTY_PORT", "40000")
    if leader:
        monkeypatch.setenv("SLURM_TASK_PID", str({"shell": 1, "srun": os.getpid()}[leader]))
    with caplog.at_level("INFO"):
        found = find_cluster()
    assert (found is None) is (leader != "srun")
    assert ("train.strategy=single" in caplog.text) is (leader != "srun")


def pair(first: int, second: int) -> Cluster:
    addresses = [f"localhost:{first}", f"localhost:{second}"]
    return Cluster({"worker": addresses}, "worker", 0, "TF_CONFIG")


def test_waiting_ends_when_all_have_come() -> None:
    ports = free_ports(2)
    all_found = threading.Barrier(2)

    def come(own: int, other: int) -> None:
        wait_for(pair(own, other))
        with socket.create_server(("", own)):  # as TensorFlow does then: others may still look
            all_found.wait(timeout=30)

    other = threading.Thread(target=come, args=ports[::-1], daemon=True)
    other.start()
    come(*ports)


def test_a_worker_that_does_not_come_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster, "JOIN_SECONDS", 0.1)
    first, second = free_ports(2)
    with pytest.raises(StageError, match=f"no worker at localhost:{second}.*strategy=single"):
        wait_for(pair(first, second))


def test_a_taken_port_is_named() -> None:
    first, second = free_ports(2)
    with (
        socket.create_server(("", first)),
        pytest.raises(StageError, match=f"TF_CONFIG: port {first}"),
    ):
        wait_for(pair(first, second))
