"""Where to train: the choice, the reason in one line, and what is missing for a GPU."""

import ctypes
import os
from typing import Literal

from shared.console import StageError
from shared.tf import tf

Device = Literal["auto", "cpu", "gpu"]

INSTALL = "`make GPU=1` (or `pip install -r requirements-gpu.txt`) installs TensorFlow with CUDA"


def choose(device: Device) -> tuple[str, str]:
    """Restrict TensorFlow to the device and return its name and the reason, as one line.

    The name is "CPU" or the GPU's own. Raises StageError for `gpu` where there is no usable one.
    """
    gpus = tf.config.list_physical_devices("GPU")
    if device == "gpu" and not gpus:
        missing, cure = _missing()
        raise StageError(f"params.yaml: train.device: gpu, but {missing}; {cure}")
    if device == "cpu" or not gpus:
        tf.config.set_visible_devices([], "GPU")
        why = "train.device is cpu" if device == "cpu" else _why_not_a_gpu()
        return "CPU", f"training on the CPU ({os.cpu_count()} cores): {why}"
    details = tf.config.experimental.get_device_details(gpus[0])
    name = str(details.get("device_name", "GPU"))
    return name, f"training on the GPU ({name}): train.device is {device}"


def _why_not_a_gpu() -> str:
    """Return what is missing, and the cure where the machine looks as if it had a GPU."""
    missing, cure = _missing()
    return f"{missing}; {cure}" if _has_driver() else missing


def _has_driver() -> bool:
    try:
        ctypes.CDLL("libcuda.so.1")
    except OSError:
        return False
    return True


def _missing() -> tuple[str, str]:
    """Return what keeps TensorFlow from a GPU, from the driver up, and the cure."""
    hidden = os.environ.get("CUDA_VISIBLE_DEVICES")
    if hidden is not None and hidden.strip() in {"", "-1"}:
        return f"CUDA_VISIBLE_DEVICES={hidden} hides every GPU", "unset it"
    if not _has_driver():
        cure = (
            "install it (Debian, Ubuntu: `apt-get install nvidia-driver`) until `nvidia-smi` shows"
        )
        return "NVIDIA's driver (libcuda.so.1) is not installed", f"{cure} the GPU; then {INSTALL}"
    if not tf.test.is_built_with_gpu_support():
        return "this TensorFlow is built without GPU support", INSTALL
    return (
        "the driver shows no GPU, or CUDA's libraries do not load",
        f"try `nvidia-smi`; {INSTALL}",
    )
