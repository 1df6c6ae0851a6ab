import re
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
    ("text", "said"),
    [
        (b"a: 1\ntrain: {steps: !!int abc}", r":2: not valid YAML: .*'abc'"),
        (b"train:\n  rate: 1\n  steps: 2024-13-45", r":3: not valid YAML: month must be in 1..12"),
        (b"train: {steps: " + b"9" * 5000 + b"}", r":1: not valid YAML: .*5000 digits.*"),
        (b"train: {steps: 0x" + b"F" * 5000 + b"}", r":1: not valid YAML: .* digits.*"),
        (b"# \xe9\ntrain: 1\nother: \xe9\n", r":1: not UTF-8: .+"),
        (b"train: {steps: \x01}", r": not valid YAML: .*special characters.*"),
        (b"train: " + b"[" * 500 + b"]" * 500, r": not valid YAML: nested too deeply"),
        (b"train:\n  steps: {\n", r":\d: not valid YAML: .+"),
        (b"train:\n  steps: {[[1]]: 1}\n", r": not valid YAML: .+"),
        (b"%YAML 1.3\n---\ntrain: {}\n", r": not valid YAML: version .+"),
        (b"train:\n  steps: 1\n  steps: 2\n", r":3: not valid YAML: .*duplicate key .*"),
    ],
)
def test_what_is_no_yaml_is_told_in_one_line(tmp_path: Path, text: bytes, said: str) -> None:
    path = tmp_path / "params.yaml"
    path.write_bytes(text)
    with pytest.raises(StageError) as error:
        load(Example, "train", path)
    assert re.fullmatch(f"{path}{said}", str(error.value))


def test_aliases_that_stand_for_gigabytes_are_told_in_one_line(tmp_path: Path) -> None:
    levels = [
        f"x{level}: &x{level} [{', '.join([f'*x{level - 1}'] * 9)}]" for level in range(1, 12)
    ]
    with pytest.raises(StageError, match=r"train\.steps: must be a valid integer, is .{,500}$"):
        read(
            tmp_path,
            "\n".join(["x0: &x0 [1]", *levels, "train: {steps: *x11, rate: 1, order: file}"]),
        )


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


def test_a_missing_file_or_section_is_named(tmp_path: Path) -> None:
    with pytest.raises(StageError, match="no such file"):
        load(Example, "train", tmp_path / "params.yaml")
    with pytest.raises(StageError, match="no section `train`"):
        read(tmp_path, "other: 1\n")
