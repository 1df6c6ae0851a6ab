"""DVC's plots as figures that stand still: charts in SVG, pictures as they are."""

import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import vl_convert
from markupsafe import Markup, escape

from reporting.elements import figure, picture
from shared.console import StageError

DVC_SIDE = 300
SIDE = 240
"""A chart's width and height in pixels, without its axes: three stand side by side."""

BY_REVISION = {"color", "yOffset"}
INK = "currentColor"
GRID = "#8884"
CONFIG = {
    "aria": False,  # the chart has a label as a whole
    "background": None,
    "mark": {"color": "#3a78c3"},
    "range": {"category": ["#3a78c3", "#e08a2c", "#3f9b74"], "heatmap": {"scheme": "blues"}},
    "view": {"stroke": None},
    "axis": {
        "labelColor": INK,
        "titleColor": INK,
        "titleFontWeight": "normal",
        "gridColor": GRID,
        "domainColor": GRID,
        "tickColor": GRID,
        "titlePadding": 12,  # another font's numbers are wider
    },
    "legend": {
        "title": None,
        "labelColor": INK,
        "orient": "bottom",
        "gradientLength": 120,
        "symbolSize": 400,
    },
    "header": {"title": None, "labels": False},
}


def read_figures(pictures: Mapping[str, tuple[str, str]]) -> dict[str, Markup]:
    """Return a figure of each plot of the workspace, by DVC's name for it.

    `pictures` has a caption and a text alternative for those plots that are pictures. Raises
    StageError where DVC cannot draw.
    """
    with tempfile.TemporaryDirectory() as folder:
        drawn = subprocess.run(  # noqa: S603
            [sys.executable, "-m", "dvc", "plots", "show", "--json", "--out", folder],
            check=False,
            capture_output=True,
            text=True,
        )
        if drawn.returncode:
            raise StageError(f"dvc plots show: {drawn.stderr.strip()}")
        plots = json.loads(drawn.stdout).get("data", {})
        return {
            name: picture(Path(plot["url"]), *pictures.get(name, (name, name)))
            if plot["type"] == "image"
            else _chart(name, plot["content"])
            for name, revisions in plots.items()
            for plot in revisions  # one, or none where the file is missing
        }


def _chart(name: str, spec: dict[str, Any]) -> Markup:
    title = spec.pop("title", {}).get("text", name)
    svg = vl_convert.vegalite_to_svg({**_still(spec), "config": CONFIG})
    # An id is the page's, where another chart may have the same.
    prefix = re.sub(r"\W", "-", name)
    svg = re.sub(r'( id="|url\(#)', rf"\g<1>{prefix}-", svg)
    label = f'<svg role="img" aria-label="{escape(title)}" '
    return figure(Markup(svg.replace("<svg ", label, 1)), title)  # noqa: S704 (Vega escapes)


def _still(spec: Any) -> Any:
    """Return a chart that needs no mouse, and tells no revisions apart since there is one."""
    if isinstance(spec, list):
        return [_still(part) for part in spec]
    if not isinstance(spec, dict):
        return spec
    if spec.get("name") == "showValues":  # a box to tick
        return {**spec, "value": True}
    return {
        key: SIDE if key in {"width", "height"} and value == DVC_SIDE else _still(value)
        for key, value in spec.items()
        if not (isinstance(value, dict) and value.get("field") == "rev" and key in BY_REVISION)
    }
