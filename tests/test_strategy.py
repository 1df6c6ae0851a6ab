import pytest

from shared.console import StageError
from shared.tf import tf
from training.distributed.cluster import Cluster
from training.distributed.strategy import Strategy, _announce, _is_lost_worker, assemble, decide

TWO = Cluster({"worker": ["a:1", "b:1"]}, "worker", 1, "TF_CONFIG")


@pytest.mark.parametrize(
    ("wanted", "gpus", "cluster", "taken", "why"),
    [
        ("auto", 0, None, "single", "one device"),
        ("auto", 1, None, "single", "one device"),
        ("auto", 4, None, "mirrored", "4 GPUs"),
        ("auto", 4, TWO, "multi_worker", "TF_CONFIG names 2 workers, this is 1"),
        ("single", 4, None, "single", "train.strategy is single"),
        ("mirrored", 2, None, "mirrored", "2 GPUs"),
        ("mirrored", 0, None, "mirrored", "no GPU, so 2 parts of the CPU"),
        ("multi_worker", 0, TWO, "multi_worker", "TF_CONFIG names 2 workers, this is 1"),
    ],
)
def test_what_is_taken_and_why(
    wanted: Strategy, gpus: int, cluster: Cluster | None, taken: Strategy, why: str
) -> None:
    assert decide(wanted, gpus, cluster) == (taken, why)


def test_multi_worker_without_a_cluster_is_refused_with_the_cure() -> None:
    with pytest.raises(StageError, match=r"multi_worker, but neither.*docs/scaling\.md"):
        decide("multi_worker", 2, None)


def test_mirrored_over_one_gpu_is_refused() -> None:
    with pytest.raises(StageError, match="only one GPU"):
        decide("mirrored", 1, None)


def test_a_batch_that_cannot_be_shared_equally_is_refused_naming_one_that_can() -> None:
    with pytest.raises(StageError, match=r"batch_size: 128 .* 3 replicas; 126 can"):
        _announce("mirrored", "3 GPUs", 3, 128)


@pytest.mark.parametrize(
    ("error", "lost"),
    [
        (tf.errors.UnavailableError(None, None, "no answer from /job:worker/task:1"), True),
        (tf.errors.InternalError(None, None, "Collective ops is aborted by: no answer"), True),
        (tf.errors.InternalError(None, None, "a shape that XLA cannot compile"), False),
        (ValueError("aborted by: nobody"), False),
    ],
)
def test_a_worker_is_called_lost_where_tensorflow_says_so(error: Exception, lost: bool) -> None:
    assert _is_lost_worker(error) == lost


def test_a_team_of_one_tells_itself_everything() -> None:
    with assemble("single", 7) as team:
        assert team.chief
        assert (team.replicas, team.workers) == (1, 1)
        assert team.share(b"mine") == b"mine"
        assert team.agree(0.1) == 0.1
        assert team.describe("CPU") == "CPU"
        team.require_same("abc")
