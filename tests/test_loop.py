from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from shared.console import ParameterError
from shared.dataset import Split
from test_engine import engine, weights
from training.augmentation import Augmentation
from training.batches import Batches
from training.checkpoint import Checkpoints
from training.engine import Engine, Losses
from training.loop import Row, most_steps_a_chunk, train
from watching.stopwatch import Stopwatch
from watching.tensorboard import TensorBoard
from watching.terminal import Terminal


class Notes:
    """A watcher that keeps what it is told, and can pull the plug."""

    def __init__(self, die_at: int | None = None) -> None:
        self.steps: list[int] = []
        self.losses: list[float] = []
        self.rows: list[Row] = []
        self.die_at = die_at

    def chunk_done(self, step: int, losses: Losses, images_per_second: float) -> None:
        self.steps.append(step)
        self.losses += losses.tolist()
        assert images_per_second > 0
        if self.die_at is not None and step >= self.die_at:
            raise KeyboardInterrupt

    def evaluated(self, row: Row) -> None:
        self.rows.append(row)


def run(
    folder: Path,
    split: Split,
    notes: Notes | None = None,
    trained: Engine | None = None,
    **changes: Any,
) -> tuple[Any, list[Row]]:
    trained = trained or engine(augmentation=Augmentation(1.0))
    history = train(
        trained,
        Batches(split, 8, "shuffled", augmentation=Augmentation(1.0), seed=0),
        split,
        **{
            "steps": 25,
            "eval_every": 10,
            "checkpoints": Checkpoints(folder),
            "watchers": [notes],
            **changes,
        },
    )
    return weights(trained), history


def test_history_has_a_row_for_each_evaluation_and_one_for_the_end(
    tmp_path: Path, bars: Split
) -> None:
    notes = Notes()
    _, history = run(tmp_path, bars, notes)
    assert [row.step for row in history] == [10, 20, 25]
    assert history == notes.rows
    assert notes.steps[-1] == 25
    assert {10, 20} <= set(notes.steps), "a chunk ends at an evaluation"
    for row, part in zip(history, [slice(0, 10), slice(10, 20), slice(20, 25)], strict=True):
        assert row.train_loss == pytest.approx(np.mean(notes.losses[part]))


@pytest.mark.parametrize("die_at", [3, 10, 19, 22])
def test_killed_training_ends_with_the_same_weights_and_history(
    tmp_path: Path, bars: Split, die_at: int
) -> None:
    expected = run(tmp_path / "whole", bars, Notes())
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path / "cut", bars, Notes(die_at))
    resumed = Notes()
    found = run(tmp_path / "cut", bars, resumed)
    assert resumed.steps[0] == (die_at - 1) // 10 * 10 + 1, "it goes on from the last checkpoint"
    assert found[1] == expected[1]
    for one, other in zip(found[0], expected[0], strict=True):
        np.testing.assert_array_equal(one, other)


def test_watchers_change_no_bit(tmp_path: Path, bars: Split) -> None:
    histories = [tmp_path / f"history-{watched}.csv" for watched in (True, False)]
    trained = engine(augmentation=Augmentation(1.0))
    with Terminal(25) as terminal:
        watchers = [Stopwatch(), terminal, TensorBoard(tmp_path / "logs", trained, bars.images)]
        of_watched, _ = run(
            tmp_path / "1", bars, trained=trained, watchers=watchers, history_file=histories[0]
        )
    of_unwatched, _ = run(tmp_path / "2", bars, watchers=[], history_file=histories[1])
    for one, other in zip(of_watched, of_unwatched, strict=True):
        np.testing.assert_array_equal(one, other)
    assert histories[0].read_bytes() == histories[1].read_bytes()


def test_the_history_is_there_and_whole_at_each_evaluation(tmp_path: Path, bars: Split) -> None:
    path = tmp_path / "plots/history.csv"
    lengths = []

    class Reader(Notes):
        def evaluated(self, row: Row) -> None:
            table = pd.read_csv(path)
            assert list(table.columns) == list(Row._fields)
            assert table.iloc[-1].tolist() == pytest.approx(list(row), rel=1e-5)
            lengths.append(len(table))

    run(tmp_path, bars, Reader(), history_file=path)
    assert lengths == [1, 2, 3]


def test_a_finished_run_is_not_trained_again(tmp_path: Path, bars: Split) -> None:
    expected = run(tmp_path, bars, Notes())
    notes = Notes()
    assert run(tmp_path, bars, notes)[1] == expected[1]
    assert notes.steps == []


def test_a_loss_that_is_not_finite_stops_with_step_and_cause(tmp_path: Path, bars: Split) -> None:
    broken = engine()
    broken.optimizer.learning_rate = 1e30
    with pytest.raises(ParameterError, match=r"step \d+: the loss is (nan|inf).*learning_rate"):
        train(
            broken,
            Batches(bars, 8, "file", augmentation=Augmentation(0.0), seed=0),
            bars,
            steps=20,
            eval_every=20,
            checkpoints=Checkpoints(tmp_path),
            watchers=[],
        )
    assert not list(tmp_path.iterdir())


def test_no_chunk_is_longer_than_what_xla_compiled(tmp_path: Path, bars: Split) -> None:
    notes, compiled = Notes(), engine(xla_capacity=2)
    batches = Batches(bars, 8, "file", augmentation=Augmentation(0.0), seed=0)
    compiled.compile(batches.gather(0, 1))
    train(
        compiled,
        batches,
        bars,
        steps=20,
        eval_every=20,
        checkpoints=Checkpoints(tmp_path),
        watchers=[notes],
    )
    assert max(np.diff(notes.steps)) == 2


def test_a_chunk_holds_at_most_16_mib_but_always_a_step() -> None:
    assert most_steps_a_chunk(128, 784) == 167
    assert most_steps_a_chunk(10_000, 1_000_000) == 1
