"""TensorBoard: the article's curves, histograms and graph, written at every evaluation."""

from pathlib import Path

from shared.dataset import Images
from shared.tf import keras, tf
from training.engine import Engine, Losses
from training.loop import Row

OURS = ".stage"
"""The end of our files' names: another program's files may lie in the same folder."""


def forget(folder: Path) -> None:
    """Remove the curves and the seconds of an earlier run, and nothing else."""
    for path in (*folder.glob(f"events.out.tfevents.*{OURS}"), folder / "seconds.json"):
        path.unlink(missing_ok=True)


class TensorBoard:
    """Writes learning rate, cost and accuracy, and what each activation gives for `images`."""

    def __init__(self, folder: Path, engine: Engine, images: Images) -> None:
        self.writer = tf.summary.create_file_writer(str(folder), filename_suffix=OURS)
        self.images = images
        linear = (None, keras.activations.linear)
        outputs = {
            layer.name: layer.output
            for layer in engine.model.layers
            if getattr(layer, "activation", None) not in linear
        }
        self.activations = tf.function(keras.Model(engine.model.inputs, outputs))
        with self.writer.as_default(step=0):
            tf.summary.graph(engine.graph())

    def chunk_done(self, step: int, losses: Losses, images_per_second: float) -> None:
        """Write nothing: between evaluations the device is not to be disturbed."""

    def evaluated(self, row: Row) -> None:
        """Write this evaluation's summaries."""
        with self.writer.as_default(step=row.step):
            tf.summary.scalar("learning_rate", row.learning_rate)
            tf.summary.scalar("loss/train", row.train_loss)
            tf.summary.scalar("loss/validation", row.validation_loss)
            tf.summary.scalar("accuracy/validation", row.validation_accuracy)
            for name, values in self.activations(self.images).items():
                tf.summary.histogram(f"activations/{name}", values)
                tf.summary.scalar(f"sparsity/{name}", tf.math.zero_fraction(values))
        self.writer.flush()
