"""TensorFlow, without its start-up noise: `from shared.tf import keras, tf`.

TensorFlow writes to the terminal before it can be configured: informational lines, and on a machine
without NVIDIA's driver an "error" that says so. While it starts, standard error is held back, and
then given out without those lines. Its converters chatter too: wrap them in `without_noise()`.
"""

import gc
import os
import re
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

_NOISE = re.compile(
    rb"I\d{4} |WARNING: All log messages before absl|To enable the following instructions"
    rb"|.*failed call to cuInit.*UNKNOWN ERROR \(303\)"
    rb"|W\d{4} .*tf_tfl_flatbuffer_helpers.*Ignored|INFO: Created TensorFlow Lite XNNPACK delegate"
    rb"|W\d{4} .*flatbuffer_export.*Skipping runtime version|fully_quantize: "
)


@contextmanager
def without_noise() -> Iterator[None]:
    """Hold standard error back, and give it out at the end without lines known to be noise."""
    sys.stderr.flush()
    terminal = os.dup(2)
    with tempfile.TemporaryFile() as held:
        os.dup2(held.fileno(), 2)
        try:
            yield
        finally:
            sys.stderr.flush()
            os.dup2(terminal, 2)
            os.close(terminal)
            held.seek(0)
            for line in held:
                if not _NOISE.match(line):
                    os.write(2, line)


@contextmanager
def _missing(*packages: str) -> Iterator[None]:
    """Let `import` find none of the packages, but for those that are imported already.

    In `sys.modules`, None stands for a module that cannot be found.
    """
    absent = set(packages) - sys.modules.keys()
    sys.modules.update(dict.fromkeys(absent))  # type: ignore[arg-type]
    try:
        yield
    finally:
        for name in absent:
            del sys.modules[name]


os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "1")  # from here on: no informational lines
# What the import makes stays: looking through it for garbage, now and when the process ends, would
# take a third of its time.
gc.disable()
# Keras imports these where it finds them, which takes a third of its start-up, and uses them in
# wrappers that nothing here needs.
with without_noise(), _missing("matplotlib", "pandas", "sklearn"):
    import keras
    import tensorflow as tf

    for _gpu in tf.config.list_physical_devices("GPU"):
        tf.config.experimental.set_memory_growth(_gpu, True)
gc.freeze()
gc.enable()

__all__ = ["keras", "tf", "without_noise"]
