"""The README's commands are ones that work, and the documents' figures those that were measured."""

import json
import re

import pytest
import yaml

from conftest import ROOT, params_model

ENGLISH, CHINESE = (
    (ROOT / name).read_text(encoding="utf-8") for name in ("README.md", "README.zh-CN.md")
)
THE_ARTICLE = "## 从教程到这里"


@pytest.mark.slow
def test_every_parameter_and_preset_that_the_readme_names_is_valid() -> None:
    settings = re.findall(r"-S (\w+)\.(\w+)=([\w.-]+)", ENGLISH)
    assert ("train", "steps", "4000") in settings
    params = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))
    for section, name, value in settings:
        assert name in params[section], f"{section}.{name}"
        params_model(section).model_validate({**params[section], name: yaml.safe_load(value)})
    presets = {path.stem for path in ROOT.glob("presets/*.yaml")}
    assert set(re.findall(r"PRESET=([\w-]+)", ENGLISH)) < presets
    assert presets <= set(re.findall(r"`([\w-]+)`", ENGLISH))


def fenced(text: str) -> list[str]:
    """The commands and what they print, without comments."""
    blocks = re.findall(r"^```\w+\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    return [re.sub(r" +#.*", "", block) for block in blocks]


def results(text: str) -> list[list[str]]:
    """The figures and the command of each row of the first table."""
    rows = re.findall(r"^\|.*\|$", text, re.MULTILINE)[2:7]
    return [re.findall(r"\d[\d.,]*|`make.*`", row) for row in rows]


def figures(text: str) -> list[str]:
    """Every number outside links and code blocks, sorted."""
    words = re.sub(r"\]\([^)]*\)|^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)
    return sorted(re.findall(r"\d[\d.,]*(?<=\d)", words))


def test_both_readmes_have_the_same_commands_and_figures() -> None:
    """The Chinese one has a section of its own, for readers of the article."""
    before, section, after = CHINESE.partition(THE_ARTICLE)
    common = before + after.partition("\n## ")[2]
    assert section
    assert fenced(common) == fenced(ENGLISH)
    assert results(common) == results(ENGLISH)
    assert figures(common) == figures(ENGLISH)


def test_what_replaces_the_article_s_parts_stands_where_the_chinese_readme_says() -> None:
    section = CHINESE.partition(THE_ARTICLE)[2].partition("\n## ")[0]
    places = re.findall(r"`(stages/\S+\.py)`\W`([\w.]+)`", section)
    assert len(places) > 10
    for path, names in places:
        code = (ROOT / path).read_text(encoding="utf-8")
        for name in names.split("."):
            assert re.search(rf"(?:def|class) {name}\b", code), f"{path} has no {name}"


def test_integers_are_within_a_tenth_of_a_point_and_a_third_of_the_bytes() -> None:
    speed, accuracy = (
        json.loads((ROOT / f"benchmarks/{name}.json").read_text(encoding="utf-8"))
        for name in ("inference", "generalization")
    )
    size = {name: figures["bytes"] for name, figures in speed["figures"].items()}
    assert 3 * size["tflite_int8"] <= size["tflite"]
    right = {name: round(share * accuracy["images"]) for name, share in accuracy["exports"].items()}
    assert abs(right["tflite_int8"] - right["tflite"]) <= 0.001 * accuracy["images"]
    text = " ".join((ROOT / "docs/exports.md").read_text(encoding="utf-8").split())
    shares = (accuracy["accuracy"], accuracy["exports"]["tflite_int8"])
    assert "right on {:.2%}, in integers on {:.2%}".format(*shares) in text.replace(" %", "%")


def test_the_index_leads_to_every_page() -> None:
    index = ROOT / "docs/README.md"
    linked = re.findall(r"\]\(([\w/.-]+\.md)\)", index.read_text(encoding="utf-8"))
    pages = {str(path.relative_to(index.parent)) for path in index.parent.rglob("*.md")}
    assert sorted(linked) == sorted(pages - {"README.md"})
