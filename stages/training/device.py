"""Where to train: the choice, the reason in one line, and what is missing for a GPU."""

import ctypes
import os
from typing import Literal

from shared.console import StageError
from shared.tf import tf

Device = Literal["auto", "cpu", "gpu"]

INSTALL = "install TensorFlow's CUDA libraries with `make GPU=1` (pip install -r {})".format(
    "requirements-gpu.txt"
)


def choose(device: Device) -> tuple[str, str]:
    """Restrict TensorFlow to the device and return its name and the reason, as one line.

    The name is "CPU" or the GPU's own. Raises StageError for `gpu` where there is no usable one.
    """
    gpus = tf.config.list_physical_devices("GPU")
    if device == "cpu" or (device == "auto" and not gpus):
        tf.config.set_visible_devices([], "GPU")
        why = "train.device: cpu" if device == "cpu" else f"no usable GPU: {_why_no_gpu()}"
        return "CPU", f"training on the CPU, {os.cpu_count()} cores ({why})"
    if not gpus:
        raise StageError(f"params.yaml: train.device: gpu, but there is none: {_why_no_gpu()}")
    details = tf.config.experimental.get_device_details(gpus[0])
    name = str(details.get("device_name", "GPU"))
    tf.config.set_visible_devices(gpus[:1], "GPU")
    return name, f"training on the GPU, {name} (train.device: {device})"


def _why_no_gpu() -> str:
    """Return what is missing, from the driver up, and how to get it."""
    if not tf.test.is_built_with_gpu_support():
        return f"this TensorFlow is built without GPU support; {INSTALL} on Linux"
    try:
        ctypes.CDLL("libcuda.so.1")
    except OSError:
        return (
            "NVIDIA's driver (libcuda.so.1) is not installed; install it "
            "(Debian, Ubuntu: `apt-get install nvidia-driver`), see that `nvidia-smi` runs, then "
            f"{INSTALL}"
        )
    hidden = os.environ.get("CUDA_VISIBLE_DEVICES")
    if hidden is not None and hidden.strip() in {"", "-1"}:
        return f"CUDA_VISIBLE_DEVICES={hidden!r} hides it; unset it"
    return f"CUDA's libraries do not load, or the driver sees no GPU (`nvidia-smi`); {INSTALL}"
