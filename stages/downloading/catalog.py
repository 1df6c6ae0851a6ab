"""The catalog: what is known of a dataset before it is fetched, an entry.yaml each."""

from functools import partial
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import Field, field_validator, model_validator
from ruamel.yaml.nodes import MappingNode, ScalarNode, SequenceNode

from downloading.forms.arff import ArffForm
from downloading.forms.arrays import ArraysForm
from downloading.forms.cifar import CifarForm
from downloading.forms.csv_form import CsvForm
from downloading.forms.libsvm import LibsvmForm
from downloading.forms.parquet import ParquetForm
from downloading.forms.pictures import PicturesForm
from downloading.sources import Known, Package, Upstream
from shared.console import StageError
from shared.dataset import Description, Draw
from shared.params import read_nodes, validate

Own = Annotated[
    ArffForm | ArraysForm | CifarForm | CsvForm | LibsvmForm | ParquetForm | PicturesForm,
    Field(discriminator="form"),
]


class Entry(Description):
    """A dataset's description, what is known of its tables, and where their rows come from.

    With `draw_test` there is one table, of which preprocess draws the test set.
    """

    train: Known = Known()
    test: Known = Known()
    draw_test: Draw | None = None
    source: Annotated[Upstream | Package | Own, Field(discriminator="kind")]

    @field_validator("classes", mode="before")
    @classmethod
    def _of_list(cls, classes: Any) -> Any:
        """Return a mapping: in a list, labels are names."""
        if not isinstance(classes, list) or not all(isinstance(name, str) for name in classes):
            return classes
        if len(set(classes)) < len(classes):
            raise ValueError("must have every label once")
        return {name: name for name in classes}

    @model_validator(mode="before")
    @classmethod
    def _pictures_stay_as_they_are(cls, content: Any) -> Any:
        """Have pictures to train on stretched if nothing else is said."""
        source = content.get("source") if isinstance(content, dict) else None
        if isinstance(source, dict) and source.get("form") in ("parquet", "pictures"):
            return {"fit": "stretch"} | content
        return content

    @model_validator(mode="after")
    def _source_fits(self) -> Self:
        idx = isinstance(self.source, Upstream) and self.source.idx
        if self.header and (isinstance(self.source, Package) or idx):
            raise ValueError("header: a package's table and one made from IDX have none")
        if self.fit == "digits" and self.image.channels == 3:
            raise ValueError("fit: digits are grey; images in colour need stretch, pad or crop")
        if isinstance(self.source, PicturesForm) and (self.transposed or self.inverted):
            raise ValueError("transposed and inverted are of tables and arrays, not of pictures")
        if self.draw_test and self.source.has_test:
            raise ValueError("draw_test: the source has a test table of its own")
        if not self.draw_test and not self.source.has_test:
            raise ValueError(
                "source: has no test table; name one, or let preprocess draw it from the other "
                "(`draw_test: {rows: 1000, seed: 0}`)"
            )
        return self


def load_entry(catalog: Path, name: str) -> Entry:
    """Return the entry in `catalog`/`name`/entry.yaml.

    Raises StageError for a name that is not in the catalog, and for whatever is wrong in its file.
    """
    known = entry_names(catalog)
    if name not in known:
        raise StageError(
            f"params.yaml: download.dataset: {name!r} is not in {catalog}/; known are "
            + ", ".join(known)
        )
    path = catalog / name / "entry.yaml"
    content, root = read_nodes(path, partial(_prepare, path))
    if isinstance(content, dict):
        if "name" in content:
            raise StageError(f"{_place(path, root, ['name'])}: unknown name; it is the folder's")
        content["name"] = name
    return validate(Entry, content, partial(_place, path, root))


def entry_names(catalog: Path) -> list[str]:
    """Return the names of all datasets, sorted."""
    return sorted(path.parent.name for path in catalog.glob("*/entry.yaml"))


def _prepare(path: Path, root: Any) -> None:
    """Have labels and class names read as they are written, or 010 would become 10.

    Raises StageError for names that stand twice in a mapping.
    """
    complaints, seen, nodes = [], set(), [root]
    for node in nodes:
        if id(node) in seen:  # an alias, perhaps of what it stands in
            continue
        seen.add(id(node))
        inner = _inner(node)
        nodes += [part for _, part in inner.values()]
        if isinstance(node, MappingNode):
            complaints += [
                f"{path}:{key.start_mark.line + 1}: {key.value}: stands twice"
                for key, _ in node.value
                if isinstance(key, ScalarNode) and inner[key.value][0] is not key
            ]
    if complaints:
        raise StageError("\n".join(complaints))
    classes = _inner(root).get("classes", (None, None))[1]
    for parts in _inner(classes).values():
        for part in parts:
            if isinstance(part, ScalarNode) and part.value:
                part.tag = "tag:yaml.org,2002:str"


def _place(path: Path, root: Any, keys: list[str]) -> str:
    """Return file, line and keys of a part of an entry; the line of what should have it if none."""
    if keys[:1] == ["source"]:  # pydantic's: which kind of source, and form, it took it for
        del keys[1 : 3 if keys[1:2] == ["own"] else 2]
    node, line = root, 1
    for key in keys:
        inner = _inner(node)
        if key not in inner:
            break
        start, node = inner[key]
        line = start.start_mark.line + 1
    return f"{path}:{line}" + (f": {'.'.join(keys)}" if keys else "")


def _inner(node: Any) -> dict[str, tuple[Any, Any]]:
    """Return, by key, where each part of a node of YAML starts, and the part."""
    if isinstance(node, MappingNode):
        return {key.value: (key, value) for key, value in node.value if isinstance(key, ScalarNode)}
    if isinstance(node, SequenceNode):
        return {str(index): (item, item) for index, item in enumerate(node.value)}
    return {}
