"""On how many devices to train: the choice, the reason in one line, and the team that results."""

import atexit
import faulthandler
import os
import re
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal, TypeGuard

from shared.console import StageError, log
from shared.tf import tf
from training.distributed.cluster import SHOWN, Cluster, find_cluster, wait_for
from training.distributed.team import Team

Strategy = Literal["auto", "single", "mirrored", "multi_worker"]

CPU_REPLICAS = 2  # of `mirrored` without a GPU, which shows that it works and gains nothing

CONNECT_SECONDS = 600  # how long TensorFlow may take to connect workers that have all started

# What TensorFlow raises when another worker is gone; these alone are raised for nothing else here.
LOST = (
    tf.errors.UnavailableError,
    tf.errors.AbortedError,
    tf.errors.CancelledError,
    tf.errors.DeadlineExceededError,
    tf.errors.FailedPreconditionError,
)


def decide(wanted: Strategy, gpus: int, cluster: Cluster | None) -> tuple[Strategy, str]:
    """Return which strategy to take (never auto) and why. `gpus`: how many this process may use.

    Raises StageError where what is wanted cannot be had.
    """
    if wanted == "multi_worker" or (wanted == "auto" and cluster):
        if cluster is None:
            raise StageError(
                "params.yaml: train.strategy: multi_worker, but neither TF_CONFIG nor Slurm names "
                f"a second worker; {SHOWN}"
            )
        workers = len(cluster.addresses)
        return "multi_worker", f"{cluster.source} names {workers} workers, this is {cluster.rank}"
    if wanted == "mirrored" or (wanted == "auto" and gpus > 1):
        if gpus == 1:
            raise StageError("params.yaml: train.strategy: mirrored, but there is only one GPU")
        return "mirrored", f"{gpus} GPUs" if gpus else f"no GPU, so {CPU_REPLICAS} parts of the CPU"
    return "single", "one device" if wanted == "auto" else "train.strategy is single"


@contextmanager
def assemble(wanted: Strategy, batch_size: int) -> Iterator[Team]:
    """Give the team that trains.

    Must come before anything else is done on a device. Raises StageError when a worker does not
    come, or is lost in the block, which all must leave together (`Team.meet`); then, or if the
    block fails, the process ends at once after its error is shown, since TensorFlow's own end may
    wait for the lost for ever.
    """
    gpus = tf.config.get_visible_devices("GPU")
    cluster = find_cluster() if wanted in {"auto", "multi_worker"} else None
    kind, reason = decide(wanted, len(gpus), cluster)
    if kind != "multi_worker" or cluster is None:
        team = Team(_mirrored(gpus) if kind == "mirrored" else _single(gpus))
        _announce(kind, reason, team.replicas, batch_size)
        yield team
        return
    try:
        team = Team(_multi_worker(cluster, len(gpus)), cluster.rank, len(cluster.addresses))
        _announce(kind, reason, team.replicas, batch_size)
        yield team
    except BaseException as error:
        atexit.register(os._exit, 130 if isinstance(error, KeyboardInterrupt) else 1)
        if _is_lost_worker(error):
            raise _lost(error.message) from error
        raise


def _announce(kind: Strategy, reason: str, replicas: int, batch_size: int) -> None:
    log.info("strategy %s, %d replica(s): %s", kind, replicas, reason)
    if batch_size % replicas:
        raise StageError(
            f"params.yaml: train.batch_size: {batch_size} images cannot be shared equally by "
            f"{replicas} replicas; {batch_size - batch_size % replicas} can"
        )


def _is_lost_worker(error: BaseException) -> TypeGuard[tf.errors.OpError]:
    """Return whether TensorFlow says that a worker is gone, by its kind or, if any, its words."""
    aborted = isinstance(error, tf.errors.OpError) and "aborted by: " in error.message
    return aborted or isinstance(error, LOST)


def _lost(message: str) -> StageError:
    """Return the error for people, from TensorFlow's over many lines."""
    who = re.search(r"/job:\w+/(replica:\d+/)?task:\d+", message)
    why = re.search(r"aborted by: (.+)", message)
    return StageError(
        f"lost a worker ({who[0] if who else 'TensorFlow does not say which'}: "
        f"{why[1] if why else message.splitlines()[0]}); when all are started again, training goes "
        "on from the chief's last checkpoint"
    )


def _single(gpus: list[Any]) -> Any:
    tf.config.set_visible_devices(gpus[:1], "GPU")
    return tf.distribute.get_strategy()


def _mirrored(gpus: list[Any]) -> Any:
    os.environ.pop("TF_CONFIG", None)  # TensorFlow would read it for this strategy, too
    if gpus:
        return tf.distribute.MirroredStrategy()
    [cpu] = tf.config.list_physical_devices("CPU")
    parts = [tf.config.LogicalDeviceConfiguration()] * CPU_REPLICAS
    tf.config.set_logical_device_configuration(cpu, parts)
    return tf.distribute.MirroredStrategy([f"CPU:{part}" for part in range(CPU_REPLICAS)])


def _multi_worker(cluster: Cluster, gpus: int) -> Any:
    """Return the strategy over all workers, when they have all come."""
    log.info("waiting for %s", ", ".join(cluster.addresses))
    wait_for(cluster)
    on_sigterm = signal.getsignal(signal.SIGTERM)
    resolver = tf.distribute.cluster_resolver.SimpleClusterResolver(
        tf.train.ClusterSpec(cluster.jobs),
        task_type=cluster.job,
        task_id=cluster.number,
        rpc_layer="grpc",
        num_accelerators={"GPU": gpus},
    )
    # From then on TensorFlow asks the others every few seconds whether they are there, however long
    # one of them works alone; while it connects, it may wait for ever.
    faulthandler.dump_traceback_later(CONNECT_SECONDS, exit=True)
    try:
        strategy = tf.distribute.MultiWorkerMirroredStrategy(resolver)
    finally:
        faulthandler.cancel_dump_traceback_later()
    signal.signal(signal.SIGTERM, on_sigterm)  # TensorFlow has taken it for itself
    return strategy
