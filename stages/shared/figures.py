"""Pictures: drawn without a display, and to the same bytes each time.

A user's settings of Matplotlib (a matplotlibrc, MPLBACKEND) do not count, so Figure is taken from
here. A notebook's kernel exports an MPLBACKEND that nothing else can import.
"""

import os
from collections.abc import Mapping
from pathlib import Path

from shared.console import log
from shared.files import replacing

os.environ["MPLBACKEND"] = "agg"

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties, findfont, get_font

mpl.rcdefaults()

__all__ = ["Axes", "Figure", "drawable_names", "save_png"]


def drawable_names(classes: Mapping[str, str]) -> list[str]:
    """Return the name of each class, by label; the label where the font lacks a character of it.

    Where it lacks one of the label too, `#3` is the class of index 3. Logs how many names are not
    drawn.
    """
    characters = get_font(findfont(FontProperties())).get_charmap().keys()
    names = [
        next(text for text in (name, label, f"#{index}") if {*map(ord, text)} <= characters)
        for index, (label, name) in enumerate(classes.items())
    ]
    lacking = [name for name, drawn in zip(classes.values(), names, strict=True) if name != drawn]
    if lacking:
        log.warning(
            "the pictures' font lacks characters of %d class names (%s): their labels are drawn, "
            "or #0 for the first class",
            len(lacking),
            ", ".join(lacking[:3]) + (", …" if len(lacking) > 3 else ""),
        )
    return names


def save_png(path: Path, figure: Figure) -> None:
    """Write the figure without the name of what wrote it, which changes with its version."""
    with replacing(path) as temporary:
        figure.savefig(temporary, format="png", metadata={"Software": None})
