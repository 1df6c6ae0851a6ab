"""Passes lines on without TensorFlow's noise: `python noise.py`, from its input to standard error.

A process of its own, since what is held back in another is lost when that aborts.
"""

import os
import re
import sys

NOISE = re.compile(
    rb"I\d{4} |WARNING: All log messages before absl|To enable the following instructions"
    rb"|.*failed call to cuInit.*UNKNOWN ERROR \(303\)"
    rb"|W\d{4} .*tf_tfl_flatbuffer_helpers.*Ignored|INFO: Created TensorFlow Lite XNNPACK delegate"
    rb"|W\d{4} .*flatbuffer_export.*Skipping runtime version|fully_quantize: "
)
MARK = b"\0\n"  # is answered by a byte on standard output, once all before it has been passed on


def main() -> None:
    """Pass on each line as it comes, until nobody can write any more."""
    for line in sys.stdin.buffer:
        if not NOISE.match(line):
            os.write(2, line.removesuffix(MARK))
        if line.endswith(MARK):
            os.write(1, b".")


if __name__ == "__main__":
    main()
