"""The catalog: what is known of a dataset before it is fetched, one YAML file each."""

from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from shared.console import StageError
from shared.dataset import Description, Draw, Sha256
from shared.params import read_yaml, validate

Form = Literal["csv", "idx"]


class Part(BaseModel):
    """A part of an entry: nothing unknown, nothing changed."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class File(Part):
    """A file under upstream's name, and the SHA-256 of its bytes, decompressed if it is a gzip."""

    name: str
    sha256: Sha256 | None = None

    @property
    def unpacked(self) -> "File":
        """The same file under the name that it has when decompressed."""
        return File(name=self.name.removesuffix(".gz"), sha256=self.sha256)


class Edition(NamedTuple):
    """The files of one form, for each table either the CSV, or images and labels as IDX."""

    train: tuple[File, ...]
    test: tuple[File, ...]

    @property
    def unpacked(self) -> "Edition":
        """The same files under the names that they have when decompressed."""
        return Edition(*(tuple(file.unpacked for file in files) for files in self))


class CsvNames(Part):
    """Upstream's names for the two tables. Their SHA-256s are the entry's own."""

    train: str
    test: str


class IdxPair(Part):
    """One table as two IDX files."""

    images: File
    labels: File


class IdxPairs(Part):
    """Both tables as IDX files."""

    train: IdxPair
    test: IdxPair


class Mirror(Part):
    """A URL or a folder that holds all files of one form."""

    form: Form
    location: str


class Known(Part):
    """What is known of a table before it is there; of a person's own table, often nothing."""

    rows: int | None = Field(default=None, gt=0)
    sha256: Sha256 | None = None


class Upstream(Part):
    """The files that mirrors hold, in one form or both; mirrors in the order of trial."""

    kind: Literal["mirrors"]
    csv: CsvNames | None = None
    idx: IdxPairs | None = None
    mirrors: list[Mirror] = Field(min_length=1)

    @model_validator(mode="after")
    def _forms_are_described(self) -> Self:
        for mirror in self.mirrors:
            if getattr(self, mirror.form) is None:
                raise ValueError(f"{mirror.location} has the form {mirror.form}: name its files")
        return self

    def editions(self, train: Known, test: Known) -> dict[Form, Edition]:
        """Return the files of each form; `train` and `test` give the SHA-256s of the CSVs."""
        editions: dict[Form, Edition] = {}
        if self.idx:
            editions["idx"] = Edition(
                (self.idx.train.images, self.idx.train.labels),
                (self.idx.test.images, self.idx.test.labels),
            )
        if self.csv:
            editions["csv"] = Edition(
                (File(name=self.csv.train, sha256=train.sha256),),
                (File(name=self.csv.test, sha256=test.sha256),),
            )
        return editions


class Package(Part):
    """A gzipped table among the data of an installed Python package, and how it is split in two."""

    kind: Literal["package"]
    package: str
    file: File
    test_rows: int = Field(gt=0)
    seed: int


class Entry(Description):
    """A dataset's description, what is known of its tables, and where their rows come from.

    With `draw_test` there is one table, of which preprocess draws the test set.
    """

    train: Known = Known()
    test: Known = Known()
    draw_test: Draw | None = None
    source: Annotated[Upstream | Package, Field(discriminator="kind")]

    @field_validator("classes", mode="before")
    @classmethod
    def _texts(cls, classes: Any) -> Any:
        """Return a mapping of texts: in a list, labels are names; YAML reads some as numbers."""
        if not isinstance(classes, dict | list):
            return classes
        pairs = classes.items() if isinstance(classes, dict) else [(name, name) for name in classes]
        texts = [(_text(label), _text(name)) for label, name in pairs]
        if len(dict(texts)) < len(texts):
            raise ValueError("must have every label once")
        return dict(texts)

    @model_validator(mode="after")
    def _source_fits(self) -> Self:
        if self.header and (isinstance(self.source, Package) or self.source.idx):
            raise ValueError("header: a package's table and one made from IDX have none")
        if self.draw_test:
            raise ValueError(f"draw_test: the source `{self.source.kind}` gives a test table")
        return self


def _text(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise ValueError(f"must be texts or whole numbers: put {value!r} in quotes")  # noqa: TRY004 (pydantic's)
    return str(value)


def load_entry(catalog: Path, name: str) -> Entry:
    """Return the entry in `catalog`/`name`.yaml.

    Raises StageError for a name that is not in the catalog, and for whatever is wrong in its file.
    """
    known = sorted(path.stem for path in catalog.glob("*.yaml"))
    if name not in known:
        raise StageError(
            f"params.yaml: download.dataset: {name!r} is not in {catalog}/; known are "
            + ", ".join(known)
        )
    path = catalog / f"{name}.yaml"
    content = read_yaml(path)
    if isinstance(content, dict):
        content |= {"name": name}
    return validate(Entry, content, f"{path}: entry")
