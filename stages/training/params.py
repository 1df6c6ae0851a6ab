"""The parameters of training: here and not in the script, since benchmarks train by them too."""

from typing import Annotated, Literal

from pydantic import Field

from shared.params import Params
from training.augmentation import Augmentation
from training.batches import Order
from training.calibration import Calibration
from training.device import Device
from training.distributed.strategy import Strategy
from training.network import Activation, Network, Padding, Pooling
from training.optimization import Optimizer, Schedule

Positive = Annotated[int, Field(gt=0)]
Rate = Annotated[float, Field(ge=0, lt=1)]


class TrainParams(Params):
    """Section `train` of params.yaml; what each value does stands in docs/training.md."""

    network: Network
    width: Positive
    padding: Padding
    pooling: Pooling
    activation: Activation
    dropout: Rate
    steps: Positive
    batch_size: Positive
    order: Order
    augmentation: Annotated[float, Field(ge=0, le=3)]
    horizontal_flip: bool
    photometric: Annotated[float, Field(ge=0, le=1)]
    inversion: bool
    optimizer: Optimizer
    momentum: Rate
    learning_rate: Annotated[float, Field(gt=0, allow_inf_nan=False)]
    schedule: Schedule
    label_smoothing: Rate
    class_weights: Literal["none", "balanced"]
    calibration: Calibration
    seed: Annotated[int, Field(ge=0, lt=2**31)]
    eval_every: Positive
    device: Device
    strategy: Strategy
    precision: Literal["float32", "mixed_bfloat16", "mixed_float16"]
    deterministic: bool

    @property
    def changes(self) -> Augmentation:
        """How images are changed at random."""
        return Augmentation(
            self.augmentation, self.horizontal_flip, self.photometric, self.inversion
        )
