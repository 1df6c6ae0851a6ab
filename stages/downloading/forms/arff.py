"""The form `arff`: Weka's and OpenML's, a table of text under a description of its columns."""

import re
from typing import IO, Literal

from downloading.forms.csv_form import CsvForm
from shared.console import StageError

_ATTRIBUTE = re.compile(r"@attribute\s+(?:'([^']*)'|\"([^\"]*)\"|(\S+))", re.IGNORECASE)
_LONGEST_LINE = 1 << 20


class ArffForm(CsvForm):
    """Tables as `csv`, whose columns go by the names of their attributes; `header` is true.

    Attribute-Relation File Format: https://waikato.github.io/weka-wiki/formats_and_processing/arff/
    """

    form: Literal["arff"]  # type: ignore[assignment] # (as its parent's, another one)

    @property
    def plain(self) -> bool:
        """Preprocess reads none itself."""
        return False

    def start(self, file: IO[bytes], place: str, /) -> tuple[list[str] | None, int]:
        """Read up to the data; return the attributes' names, and how many lines that takes."""
        names: list[str] = []
        for number, line in enumerate(iter(lambda: file.readline(_LONGEST_LINE), b""), 1):
            text = line.decode("utf-8-sig", errors="replace").strip()
            if match := _ATTRIBUTE.match(text):
                names.append(next(name for name in match.groups() if name is not None))
            if text.lower() == "@data" and names:
                return names, number
        raise StageError(f"{place}: no @ATTRIBUTE and @DATA, which an ARFF file has above its rows")
