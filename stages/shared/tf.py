"""TensorFlow, without its start-up noise: `from shared.tf import keras, tf`.

TensorFlow writes to the terminal before it can be configured: informational lines, and on a machine
without NVIDIA's driver an "error" that says so. While it starts, standard error goes through
shared/noise.py, which takes those lines out. Its converters chatter too: wrap them in
`without_noise()`.

A user's settings of Keras (~/.keras/keras.json, KERAS_BACKEND) do not count: they would be in no
cache key, and make another network.
"""

import gc
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from shared import noise


@contextmanager
def without_noise() -> Iterator[None]:
    """Let what is written to standard error through, but for lines known to be noise."""
    sys.stderr.flush()
    terminal = os.dup(2)
    os.dup2(_lines, 2)
    try:
        yield
    finally:
        sys.stderr.flush()
        os.write(2, noise.MARK)
        os.read(_passed, 1)
        os.dup2(terminal, 2)
        os.close(terminal)


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


_unfiltered, _lines = os.pipe()
_passed, _answer = os.pipe()
# In a session of its own, it outlives a Ctrl-C until the last line.
_filter = subprocess.Popen(  # noqa: S603 (our own file)
    [sys.executable, "-I", "-S", noise.__file__],
    stdin=_unfiltered,
    stdout=_answer,
    start_new_session=True,
)
os.close(_unfiltered)
os.close(_answer)

for _name in [name for name in os.environ if name.startswith("KERAS_")]:
    del os.environ[_name]
os.environ["KERAS_HOME"] = os.devnull  # where no keras.json can be, and none is made
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
