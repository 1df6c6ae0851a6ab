"""What passes between stages: the resolved catalog entry, and prepared images with their labels."""

import zipfile
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple, Self, TypeVar

import numpy as np
import numpy.typing as npt
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)

from shared.console import StageError

Images = npt.NDArray[np.uint8]
Labels = npt.NDArray[np.unsignedinteger]
Fit = Literal["digits", "stretch", "pad", "crop"]  # as predicting.pictures.as_image knows them
Model = TypeVar("Model", bound=BaseModel)
TABLE = "table.csv"  # in data/raw/train and data/raw/test, of what came as text
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class ImageShape(BaseModel):
    """Height and width in pixels, and channels (1 for grey, 3 for red, green and blue)."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    height: int = Field(gt=0)
    width: int = Field(gt=0)
    channels: Literal[1, 3]

    @property
    def pixels(self) -> int:
        """Pixel columns in a row of the table."""
        return self.height * self.width * self.channels


class Table(BaseModel):
    """A table under data/raw: its number of rows and the SHA-256 of its bytes."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    rows: int = Field(gt=0)
    sha256: Sha256


class Draw(BaseModel):
    """A test set that is drawn from the train table, with as large a share of every class."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    rows: int = Field(gt=0)
    seed: int = Field(ge=0, lt=2**32)


class Description(BaseModel):
    """What a dataset is, and how its tables are laid out.

    `label` says in which column the label stands: `first`, `last`, or the column's name, which
    only a table with a `header` has. `classes` maps a label as the table spells it to the class's
    name; a class's index is its position. A row's pixels run from left to right and then from top
    to bottom, the channels of each together; `transposed` ones run down first. `inverted` ones are
    255 less what they should be. Preprocess puts both right. `fit` says how a picture of any size
    becomes an image.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    title: str
    provenance: str
    homepage: str
    licence: str
    image: ImageShape
    header: bool = False
    label: str = Field(default="first", min_length=1)
    transposed: bool = False
    inverted: bool = False
    fit: Fit | None = None
    classes: dict[str, str] = Field(min_length=2)

    @field_validator("classes")
    @classmethod
    def _names_differ(cls, classes: dict[str, str]) -> dict[str, str]:
        if len(set(classes.values())) < len(classes):
            raise ValueError("must give every class a name of its own")
        return classes

    @model_validator(mode="after")
    def _named_column_has_a_name(self) -> Self:
        if self.label not in ("first", "last") and not self.header:
            raise ValueError(
                f"label: {self.label!r} would be a column's name: say `header: true`, or let the "
                "label be first or last"
            )
        return self

    @property
    def stored_shape(self) -> tuple[int, int, int]:
        """Rows, columns and channels of an image as its table has it."""
        sides = (self.image.height, self.image.width)
        rows, columns = sides[::-1] if self.transposed else sides
        return rows, columns, self.image.channels

    def put_right(self, images: Images) -> Images:
        """Return images [N, rows, columns, channels] of a table as they should be."""
        if self.transposed:
            images = images.transpose(0, 2, 1, 3)
        return ~images if self.inverted else images  # ~ is 255 less

    @property
    def fitting(self) -> Fit:
        """How a picture becomes an image: as a digit if it is grey and nothing else is said."""
        return self.fit or ("digits" if self.image.channels == 1 else "stretch")

    @property
    def class_names(self) -> list[str]:
        """Class names, by class index."""
        return list(self.classes.values())


class Dataset(Description):
    """data/raw/dataset.json: all that later stages know of the data.

    `test` is a table of its own, or says how many rows of the train table preprocess draws.
    """

    train: Table
    test: Table | Draw

    @property
    def train_rows(self) -> int:
        """Rows to train and validate: the train table's, less those that are drawn for testing."""
        return self.train.rows - (self.test.rows if isinstance(self.test, Draw) else 0)


class Reading(BaseModel):
    """data/raw/reading.json: what predict.py alone must know of the data."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    fit: Fit
    layout: dict[str, Any] = Field(default_factory=dict)


def load_dataset(path: Path) -> Dataset:
    """Return the entry that the download stage resolved. Raises StageError where there is none."""
    return read_json(Dataset, path, stage="download")


def read_json(model: type[Model], path: Path, stage: str) -> Model:
    """Return what `stage` wrote. Raises StageError where it has not, and for anything else."""
    try:
        return model.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        raise StageError(f"{path}: no such file; `dvc repro {stage}` makes it") from None
    except ValidationError as error:
        raise StageError(
            f"{path}: not what the {stage} stage writes ({error.error_count()} errors); "
            f"`dvc repro --force {stage}` writes it anew"
        ) from error


# What zipfile and NumPy raise for an archive that they cannot make sense of.
DAMAGE = (
    zipfile.BadZipFile,
    EOFError,
    KeyError,
    NotImplementedError,
    OSError,
    RuntimeError,
    ValueError,
)


class Split(NamedTuple):
    """Images uint8 [N, height, width, channels] and labels, class indices [N]."""

    images: Images
    labels: Labels


def open_split(path: Path) -> Split:
    """Return a prepared npz, its arrays mapped into memory: rows are read when they are used.

    Raises StageError for a missing file and for one that preprocess did not write.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            return Split(*(_map_member(path, archive, f"{name}.npy") for name in Split._fields))
    except FileNotFoundError:
        raise StageError(f"{path}: no such file; `dvc repro preprocess` makes it") from None
    except DAMAGE as error:
        if isinstance(error, OSError) and error.filename:  # it cannot be opened
            raise
        raise StageError(
            f"{path}: not a prepared split ({error}); `dvc repro --force preprocess` writes it anew"
        ) from None


def _map_member(path: Path, archive: zipfile.ZipFile, name: str) -> np.memmap:
    info = archive.getinfo(name)
    if info.compress_type != zipfile.ZIP_STORED:
        raise ValueError(f"{name} is compressed")
    with archive.open(info) as member:
        version = np.lib.format.read_magic(member)
        read_header = {
            (1, 0): np.lib.format.read_array_header_1_0,
            (2, 0): np.lib.format.read_array_header_2_0,
        }[version]
        shape, fortran_order, dtype = read_header(member)
        header_size = member.tell()
    if dtype.kind != "u":  # a mapped pickle's pointers would crash the interpreter
        raise ValueError(f"{name} holds {dtype}, not unsigned integers")
    with path.open("rb") as file:
        # The local header's name and extra field may differ in length from the directory's.
        file.seek(info.header_offset + 26)
        name_size, extra_size = (int.from_bytes(file.read(2), "little") for _ in range(2))
    offset = info.header_offset + 30 + name_size + extra_size + header_size
    order: Literal["F", "C"] = "F" if fortran_order else "C"
    return np.memmap(path, dtype, mode="r", offset=offset, shape=shape, order=order)
