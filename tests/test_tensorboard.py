from pathlib import Path

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from shared.dataset import Split
from shared.tf import keras
from training.augmentation import Augmentation
from training.engine import Engine
from training.loop import Row
from watching.tensorboard import TensorBoard, forget


def test_a_network_of_one_activation_is_watched_too_and_only_its_logs_are_forgotten(
    tmp_path: Path, bars: Split
) -> None:
    layers = [keras.layers.Flatten(), keras.layers.Dense(5, "relu"), keras.layers.Dense(4)]
    model = keras.Sequential([keras.Input((12, 12, 1), dtype="uint8"), *layers])
    engine = Engine(
        model,
        keras.optimizers.SGD(0.1),
        batch_size=8,
        label_smoothing=0.0,
        augmentation=Augmentation(0.0),
    )
    TensorBoard(tmp_path, engine, bars.images).evaluated(Row(1, 0.1, 1.0, 1.0, 0.5))
    tags = EventAccumulator(str(tmp_path)).Reload().Tags()["tensors"]
    assert len([tag for tag in tags if tag.startswith("sparsity/")]) == 1

    strangers = {"notes.md", "events.out.tfevents.1.host.2.v2", "figures"}
    for name in strangers - {"figures"}:
        (tmp_path / name).touch()
    (tmp_path / "figures").mkdir()
    (tmp_path / "seconds.json").touch()
    forget(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == strangers
