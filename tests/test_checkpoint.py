import itertools
from pathlib import Path

import numpy as np
import pytest

from shared.tf import tf
from training.checkpoint import Checkpoints


def variables(value: float) -> list[tf.Variable]:
    return [
        tf.Variable(np.full((300, 4), value, np.float32)),
        tf.Variable(np.array([1, 2], np.uint32)),
        tf.Variable(3, dtype=tf.int64),
    ]


def test_restore_gives_back_bits_and_history(tmp_path: Path) -> None:
    saved = variables(0.1)
    Checkpoints(tmp_path).save(7, saved, [(7, 0.1)])
    restored = variables(0.0)
    assert Checkpoints(tmp_path).restore(restored) == [[7, 0.1]]
    for one, other in zip(saved, restored, strict=True):
        np.testing.assert_array_equal(one.numpy(), other.numpy())


def test_without_a_checkpoint_nothing_is_set(tmp_path: Path) -> None:
    untouched = variables(0.5)
    assert Checkpoints(tmp_path / "absent").restore(untouched) == []
    assert float(untouched[0][0, 0]) == 0.5


def test_the_two_newest_are_kept_and_delete_leaves_nothing(tmp_path: Path) -> None:
    checkpoints = Checkpoints(tmp_path / "run")
    for step in (5, 10, 1000):
        checkpoints.save(step, variables(step), [])
    names = sorted(path.name for path in (tmp_path / "run").iterdir())
    assert names == ["000000010.npz", "000001000.npz"]
    checkpoints.delete()
    assert not (tmp_path / "run").exists()


def test_a_stranger_s_file_in_its_folder_stays(tmp_path: Path) -> None:
    strangers = [tmp_path / "run" / name for name in ("notes.txt", "1.npz", "9/weights.npz")]
    for path in strangers:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    checkpoints = Checkpoints(tmp_path / "run")
    for step in (5, 10, 1000):
        checkpoints.save(step, variables(step), [])
    (tmp_path / "run/.000002000.partial.npz").touch()  # the writer was killed
    checkpoints.delete()
    assert {path for path in tmp_path.rglob("*") if path.is_file()} == set(strangers)


@pytest.mark.parametrize(
    "damage",
    ["empty", "half", "all but the last byte", "a flipped byte", "zeros", "another zip version"],
)
def test_a_damaged_checkpoint_is_passed_over(
    tmp_path: Path, damage: str, caplog: pytest.LogCaptureFixture
) -> None:
    checkpoints = Checkpoints(tmp_path)
    checkpoints.save(1, variables(1.0), ["first"])
    checkpoints.save(2, variables(2.0), ["second"])
    newest = tmp_path / "000000002.npz"
    whole = newest.read_bytes()
    middle = len(whole) // 2
    directory = whole.index(b"PK\x01\x02") + len("PK\x01\x02") + 2  # the version it takes to read
    flipped = bytes([whole[middle] ^ 0xFF])
    newest.write_bytes(
        {
            "empty": b"",
            "half": whole[:middle],
            "all but the last byte": whole[:-1],
            "a flipped byte": whole[:middle] + flipped + whole[middle + 1 :],
            "zeros": bytes(len(whole)),
            "another zip version": whole[:directory] + b"\x40" + whole[directory + 1 :],
        }[damage]
    )
    restored = variables(0.0)
    assert checkpoints.restore(restored) == ["first"]
    assert float(restored[0][0, 0]) == 1.0
    assert "damaged" in caplog.text


def test_every_truncation_is_noticed(tmp_path: Path) -> None:
    checkpoints = Checkpoints(tmp_path)
    checkpoints.save(1, variables(1.0), [])
    path = tmp_path / "000000001.npz"
    whole = path.read_bytes()
    for size in itertools.chain(range(0, len(whole), 97), range(len(whole) - 40, len(whole))):
        path.write_bytes(whole[:size])
        untouched = variables(0.5)
        assert checkpoints.restore(untouched) == []
        assert float(untouched[0][0, 0]) == 0.5
