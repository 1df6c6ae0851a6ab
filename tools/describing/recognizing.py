"""From all files to what the dataset is: each form's own module looks at its kinds of files."""

from collections.abc import Callable, Mapping

from describing.arrays import KINDS as ARRAYS
from describing.arrays import find_arrays
from describing.columns import texts_of
from describing.csv_tables import find_tables
from describing.finding import Finding
from describing.other_forms import find_arff, find_cifar, find_libsvm, find_parquet
from describing.pictures import find_pictures
from describing.sniffing import Item, refused
from describing.tables import Scan, open_table
from downloading.files import Files
from shared.console import StageError

Kinds = Mapping[str, list[Item]]
_FEW = 10  # fewer pictures beside a table are examples
_TOLD = 3


def recognize(files: Files, items: list[Item]) -> Finding:
    """Return what the files are. Raises StageError, in one line with its cure, for no images."""
    kinds: dict[str, list[Item]] = {}
    for item in items:
        kinds.setdefault("arrays" if item.kind in ARRAYS else item.kind, []).append(item)
    if not kinds:
        raise StageError(f"{files.place('.')}: no files")
    unread = kinds.pop("", [])
    if len(kinds.get("picture", [])) < _FEW and kinds.keys() - {"picture", "json"}:
        kinds.pop("picture", None)
    form = next((form for form in _FORMS if form in kinds), None)
    if form is None:
        raise refused(unread or items)
    finding = _FORMS[form](files, kinds)
    used = {form, *_BESIDE.get(form, ())}
    left = [item for kind, others in kinds.items() if kind not in used for item in others]
    for path, _, refusal in [*unread, *left][:_TOLD]:
        why = f", since it is {refusal.partition(';')[0]}" if refusal else ""
        finding.remarks.append(f"{path} is left out{why}")
    return finding


def _paths(items: Kinds, *kinds: str) -> list[str]:
    return [item.path for kind in kinds for item in items.get(kind, [])]


def _find_cifar(files: Files, items: Kinds) -> Finding:
    tables = [open_table(files, path) for path in _paths(items, "text")]
    lists = [(table, Scan(files, table, texts_of(table))) for table in tables]
    return find_cifar(files, _paths(items, "cifar"), lists)


_FORMS: dict[str, Callable[[Files, Kinds], Finding]] = {
    "picture": lambda files, items: find_pictures(
        files, _paths(items, "picture"), _paths(items, "text", "json")
    ),
    "parquet": lambda files, items: find_parquet(files, _paths(items, "parquet")),
    "arff": lambda files, items: find_arff(files, _paths(items, "arff")),
    "libsvm": lambda files, items: find_libsvm(files, _paths(items, "libsvm")),
    "arrays": lambda files, items: find_arrays(files, items["arrays"]),
    "cifar": _find_cifar,
    "text": lambda files, items: find_tables(files, _paths(items, "text")),
}
_BESIDE = {"picture": ("text", "json"), "cifar": ("text",)}
