"""Saving pictures: drawn without a display, and to the same bytes each time."""

from pathlib import Path

from matplotlib.figure import Figure

from shared.files import replacing


def save_png(path: Path, figure: Figure) -> None:
    """Write the figure without the name of what wrote it, which changes with its version."""
    with replacing(path) as temporary:
        figure.savefig(temporary, format="png", metadata={"Software": None})
