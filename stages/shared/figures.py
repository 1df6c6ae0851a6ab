"""Pictures: drawn without a display, and to the same bytes each time.

A user's settings of Matplotlib (a matplotlibrc, MPLBACKEND) do not count, so Figure is taken from
here. A notebook's kernel exports an MPLBACKEND that nothing else can import.
"""

import os
from pathlib import Path

from shared.files import replacing

os.environ["MPLBACKEND"] = "agg"

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

mpl.rcdefaults()

__all__ = ["Axes", "Figure", "save_png"]


def save_png(path: Path, figure: Figure) -> None:
    """Write the figure without the name of what wrote it, which changes with its version."""
    with replacing(path) as temporary:
        figure.savefig(temporary, format="png", metadata={"Software": None})
