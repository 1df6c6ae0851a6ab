"""Where a dataset's rows come from, as an entry of the catalog says it."""

from pathlib import PurePosixPath
from typing import Annotated, ClassVar, Literal, NamedTuple, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from shared.dataset import Sha256

Form = Literal["csv", "idx"]


class Part(BaseModel):
    """A part of an entry: nothing unknown, nothing changed."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def _stays_inside(name: str) -> str:
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or "\\" in name:
        raise ValueError(f"must be a path below the mirror's location, is {name!r}")
    return name


Name = Annotated[str, Field(min_length=1), AfterValidator(_stays_inside)]


class File(Part):
    """A file under upstream's name, and what is known of it.

    `sha256` is that of its bytes, decompressed if it is a gzip; `packed_sha256` that of the gzip,
    which another mirror may have made otherwise.
    """

    name: Name
    sha256: Sha256 | None = None
    packed_sha256: Sha256 | None = None

    @property
    def unpacked(self) -> "File":
        """The same file under the name that it has when decompressed."""
        return File(name=self.name.removesuffix(".gz"), sha256=self.sha256)


class Edition(NamedTuple):
    """The files of one form, for each table either the CSV, or images and labels as IDX.

    With an `archive`, a zip, they are members of it. Without a test table `test` is empty.
    """

    archive: File | None
    train: tuple[File, ...]
    test: tuple[File, ...]

    def also_taken_out(self) -> "list[Edition]":
        """Return it as upstream has it, and as members that were taken out of the archive."""
        return [self, self._replace(archive=None)]


class Csv(Part):
    """Upstream's names for the two tables. Their SHA-256s are the entry's own."""

    archive: File | None = None
    train: Name
    test: Name | None = None


class IdxPair(Part):
    """One table as two IDX files."""

    images: File
    labels: File


class Idx(Part):
    """Both tables as IDX files."""

    archive: File | None = None
    train: IdxPair
    test: IdxPair | None = None


class Mirror(Part):
    """A URL or a folder that holds all files of one form."""

    form: Form
    location: str


class Known(Part):
    """What is known of a table before it is there; of a person's own table, often nothing."""

    rows: int | None = Field(default=None, gt=0, strict=True)
    sha256: Sha256 | None = None


class Upstream(Part):
    """The files that mirrors hold, in one form or both; mirrors in the order of trial."""

    kind: Literal["mirrors"]
    csv: Csv | None = None
    idx: Idx | None = None
    mirrors: list[Mirror] = Field(min_length=1)

    @model_validator(mode="after")
    def _forms_are_described(self) -> Self:
        for mirror in self.mirrors:
            if getattr(self, mirror.form) is None:
                raise ValueError(f"{mirror.location} has the form {mirror.form}: name its files")
        if self.csv and self.idx and bool(self.csv.test) != bool(self.idx.test):
            raise ValueError("one form has a test table, and the other has none")
        return self

    @model_validator(mode="after")
    def _files_differ(self) -> Self:
        for form, edition in self.editions(Known(), Known()).items():
            names = [PurePosixPath(file.unpacked.name) for file in edition.train + edition.test]
            for name in names:
                if names.count(name) > 1:
                    raise ValueError(f"{form}: names {name}, with .gz or without, more than once")
        return self

    @property
    def has_test(self) -> bool:
        """Whether there is a test table."""
        return any(form and form.test for form in (self.csv, self.idx))

    def editions(self, train: Known, test: Known) -> dict[Form, Edition]:
        """Return the files of each form; `train` and `test` give the SHA-256s of the CSVs."""
        editions: dict[Form, Edition] = {}
        if self.idx:
            pairs = (self.idx.train, self.idx.test)
            files = ((pair.images, pair.labels) if pair else () for pair in pairs)
            editions["idx"] = Edition(self.idx.archive, *files)
        if self.csv:
            names = ((self.csv.train, train), (self.csv.test, test))
            tables = (
                (File(name=name, sha256=known.sha256),) if name else () for name, known in names
            )
            editions["csv"] = Edition(self.csv.archive, *tables)
        return editions


class Package(Part):
    """A gzipped table among the data of an installed Python package, and how it is split in two."""

    kind: Literal["package"]
    package: str
    file: File
    test_rows: int = Field(gt=0, strict=True)
    seed: int = Field(strict=True)

    has_test: ClassVar[bool] = True
