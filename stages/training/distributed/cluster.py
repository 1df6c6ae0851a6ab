"""The processes that train together, as the environment names them: TF_CONFIG or Slurm."""

import os
import socket
import time
from typing import NamedTuple

from shared.console import StageError, log
from shared.tf import tf

JOIN_SECONDS = 600  # how long a worker waits for the others to start
SHOWN = "docs/scaling.md shows how it is set"


class Cluster(NamedTuple):
    """`jobs`: the addresses (host:port) of the tasks of each job, and which of them this is."""

    jobs: dict[str, list[str]]
    job: str
    number: int
    source: str

    @property
    def addresses(self) -> list[str]:
        """All workers, the chief first."""
        return [*self.jobs.get("chief", []), *self.jobs.get("worker", [])]

    @property
    def rank(self) -> int:
        """This worker's place among them."""
        return self.addresses.index(self.jobs[self.job][self.number])


def find_cluster() -> Cluster | None:
    """Return the cluster that the environment names, or None where it names no second worker.

    Raises StageError where TF_CONFIG or Slurm's variables cannot be used.
    """
    try:
        found = _from_tf_config() or _from_slurm()
    except (ValueError, KeyError, IndexError, TypeError, AttributeError, RuntimeError) as error:
        source = "TF_CONFIG" if _has_tf_config() else "Slurm's variables"
        raise StageError(f"{source}: {error!r}; {SHOWN}") from error
    if found is None or len(found.addresses) < 2:
        return None
    if set(found.jobs) - {"chief", "worker"}:
        raise StageError(f"{found.source}: only chief and worker can train, not {[*found.jobs]}")
    return found


def _has_tf_config() -> bool:
    return bool(os.environ.get("TF_CONFIG", "").strip())


def _from_tf_config() -> Cluster | None:
    if not _has_tf_config():
        return None
    resolver = tf.distribute.cluster_resolver.TFConfigClusterResolver()
    jobs = resolver.cluster_spec().as_dict()
    if not jobs:
        return None
    job, number = resolver.task_type, resolver.task_id
    jobs[job][number]  # there must be one
    return Cluster(jobs, job, number, "TF_CONFIG")


def _from_slurm() -> Cluster | None:
    tasks = int(os.environ.get("SLURM_STEP_NUM_TASKS") or 1)
    if tasks < 2:
        return None
    if _typed_in_a_shell():
        log.info(
            "Slurm's step has %d tasks, but in an interactive shell (srun --pty) only this one "
            "runs: training alone, as train.strategy=single does",
            tasks,
        )
        return None
    resolver = tf.distribute.cluster_resolver.SlurmClusterResolver(
        # Jobs that share a node must not share ports.
        port_base=20_000 + int(os.environ["SLURM_JOB_ID"]) % 10_000,
        # Slurm has bound each task to its GPUs: here they need no handing out.
        gpus_per_node=tasks,
        gpus_per_task=1,
        auto_set_gpu=False,
    )
    jobs = resolver.cluster_spec().as_dict()
    job, number = resolver.get_task_info()
    host, node = jobs[job][number].rpartition(":")[0], os.environ["SLURMD_NODENAME"]
    if host != node:
        # TensorFlow sorts the nodes as text, Slurm by their numbers.
        raise ValueError(f"task {number} runs on {node}, but TensorFlow looks for it on {host}")
    return Cluster(jobs, job, number, "Slurm")


def _typed_in_a_shell() -> bool:
    """Return whether the task is an interactive shell, and this a command in it.

    Such a shell gives each command a process group of its own. `srun --pty` alone does not tell: it
    may have started this itself, with its sisters.
    """
    if "SLURM_PTY_PORT" not in os.environ:
        return False
    try:
        return os.getpgid(int(os.environ["SLURM_TASK_PID"])) != os.getpgrp()
    except (KeyError, ProcessLookupError):
        return True


def wait_for(cluster: Cluster) -> None:
    """Return when every worker has started; raise StageError if one does not come.

    TensorFlow waits as well, but hears no signal meanwhile and never gives up.
    """
    own = cluster.addresses[cluster.rank]
    port = int(own.rpartition(":")[2])
    missing = [address for address in cluster.addresses if address != own]
    try:
        listening = socket.create_server(
            ("", port),
            family=socket.AF_INET6 if socket.has_dualstack_ipv6() else socket.AF_INET,
            dualstack_ipv6=socket.has_dualstack_ipv6(),
            backlog=len(missing),
        )
    except OSError as error:
        raise StageError(
            f"{cluster.source}: port {port}: {error}; end the trainer that a killed dvc may have "
            "left (.dvc/tmp/train.pid has its process id), or name another port"
        ) from error
    deadline = time.monotonic() + JOIN_SECONDS
    with listening:
        while missing := [address for address in missing if not _answers(address)]:
            if time.monotonic() > deadline:
                raise StageError(
                    f"{cluster.source}: no worker at {', '.join(missing)} after {JOIN_SECONDS} s; "
                    "all workers must be started, and reach each other at these addresses; "
                    "train.strategy=single trains without them"
                )
            time.sleep(0.2)


def _answers(address: str) -> bool:
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host, int(port)), timeout=5).close()
    except OSError:
        return False
    return True
