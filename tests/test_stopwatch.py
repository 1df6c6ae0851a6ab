import time

import numpy as np

from training.loop import Row
from watching.stopwatch import Stopwatch


def test_training_counts_all_and_evaluation_what_follows_a_chunk() -> None:
    stopwatch = Stopwatch()
    time.sleep(0.05)
    stopwatch.chunk_done(1, np.zeros(1, np.float32), 1.0)
    time.sleep(0.02)
    stopwatch.evaluated(Row(1, 0.1, 1.0, 1.0, 0.5))
    time.sleep(0.05)
    stopwatch.chunk_done(2, np.zeros(1, np.float32), 1.0)
    assert stopwatch.training >= 0.12
    assert 0.02 <= stopwatch.evaluation <= stopwatch.training - 0.1
