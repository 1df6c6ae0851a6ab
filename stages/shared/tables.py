"""Writing the tables behind DVC's plots."""

from pathlib import Path
from typing import TYPE_CHECKING

from shared.files import replacing

if TYPE_CHECKING:
    import pandas as pd


def write_csv(path: Path, table: "pd.DataFrame") -> None:
    r"""Write columns, without the index, with as many digits as a plot needs and \n after rows."""
    with replacing(path) as temporary:
        table.to_csv(temporary, index=False, float_format="%.6g", lineterminator="\n")
