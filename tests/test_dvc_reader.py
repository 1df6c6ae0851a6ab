"""What DVC records of params.yaml is what a stage reads."""

from pathlib import Path

import pytest
from dvc.utils.serialize import YAMLError, parse_yaml

from shared.console import StageError
from shared.params import read_yaml

SPELLINGS = """
3 010 08 014 0o17 0x1F 0b11 1_0 1__0 1:30 1:2:3 +1 -0 .5 1. 1.5_0 .inf -.Inf .NaN
1e-05 1e5 2E+3 12e03 yes No on OFF y true True FALSE ~ null Null 1,000 0.1.2 _ . - a#b a: <<
2024-01-01 2024-1-1 2001-12-14t21:59:43.10-05:00 '010' "\\x41" [08,010] {010:_a}
!!str&010 !!float&1 !!int&'3' !!set&{a,b}
"""


@pytest.mark.filterwarnings("ignore::ruamel.yaml.error.MantissaNoDotYAML1_1Warning")
@pytest.mark.parametrize("directive", ["", "%YAML 1.1\n---\n"])
def test_a_value_is_to_a_stage_what_it_is_to_dvc(tmp_path: Path, directive: str) -> None:
    path = tmp_path / "params.yaml"
    differing = []
    for spelling in SPELLINGS.split():
        text = f"{directive}train: {{steps: {spelling.replace('&', ' ')}}}\n"
        path.write_text(text)
        try:
            by_dvc = parse_yaml(text, path)
        except YAMLError:
            with pytest.raises(StageError, match=rf"^{path}:\d+: not valid YAML: .+$"):
                read_yaml(path)
            continue
        if repr(read_yaml(path)) != repr(by_dvc):
            differing.append(spelling)
    assert differing == []
