from pathlib import Path
from typing import Annotated, Literal

import pytest
from pydantic import Field

from shared.console import StageError
from shared.params import Params, load


class Example(Params):
    steps: Annotated[int, Field(gt=0)]
    rate: Annotated[float, Field(gt=0)]
    order: Literal["shuffled", "file"]
    exact: bool = True


def read(folder: Path, text: str) -> Example:
    path = folder / "params.yaml"
    path.write_text(text, encoding="utf-8")
    return load(Example, "train", path)


def test_a_section_is_read_by_attribute(tmp_path: Path) -> None:
    params = read(tmp_path, "other: {x: 1}\ntrain: {steps: 3, rate: 0.5, order: file}\n")
    assert (params.steps, params.rate, params.order, params.exact) == (3, 0.5, "file", True)


@pytest.mark.parametrize(
    ("text", "value"),
    [("1e-05", 1e-05), ("1e5", 1e5), ("2E+3", 2e3), (".5", 0.5), ("1.", 1.0), ("3", 3.0)],
)
def test_numbers_are_numbers_however_dvc_writes_them(
    tmp_path: Path, text: str, value: float
) -> None:
    params = read(tmp_path, f"train: {{steps: 3, rate: {text}, order: file}}\n")
    assert params.rate == value


@pytest.mark.parametrize(
    ("section", "message"),
    [
        ("{steps: 3, rate: -1, order: file}", "train.rate: must be greater than 0, is -1"),
        ("{steps: 3, rate: .nan, order: file}", "train.rate: must be greater than 0, is nan"),
        ("{steps: 3, rate: '0.1', order: file}", "train.rate: must be a valid number, is '0.1'"),
        ("{steps: 3.5, rate: 1, order: file}", "train.steps: must be a valid integer, is 3.5"),
        ("{steps: 1, rate: 1, order: x}", "train.order: must be 'shuffled' or 'file', is 'x'"),
        ("{steps: 3, rate: 1, order: file, stops: 4}", "train.stops: unknown name"),
        ("{steps: 3, order: file}", "train.rate: missing"),
        ("{steps: 3, rate: 1, order: file, exact: 1}", "train.exact: must be a valid boolean"),
    ],
)
def test_a_wrong_value_is_refused_by_name(tmp_path: Path, section: str, message: str) -> None:
    with pytest.raises(StageError) as error:
        read(tmp_path, f"train: {section}\n")
    assert str(error.value).startswith(f"{tmp_path}/params.yaml: {message}")


def test_all_wrong_values_are_named_at_once(tmp_path: Path) -> None:
    with pytest.raises(StageError) as error:
        read(tmp_path, "train: {steps: 0, rate: 0, order: file}\n")
    assert len(str(error.value).splitlines()) == 2


def test_a_missing_file_section_or_broken_yaml_is_named(tmp_path: Path) -> None:
    with pytest.raises(StageError, match="no such file"):
        load(Example, "train", tmp_path / "params.yaml")
    with pytest.raises(StageError, match="no section `train`"):
        read(tmp_path, "other: 1\n")
    with pytest.raises(StageError, match="not valid YAML"):
        read(tmp_path, "train: {\n")
