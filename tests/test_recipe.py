import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from shared.tf import keras
from training import recipe
from training.recipe import Recipe, describe

SPLITS = [Path("data/prepared/train.npz"), Path("data/prepared/test.npz")]
DATASET = Path("data/raw/dataset.json")


def described(device: str = "CPU", **parameters: object) -> Recipe:
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
    return describe({"network": "compact"} | parameters, DATASET, SPLITS, device, model)


def append_line(path: Path) -> None:
    with path.open("ab") as file:
        file.write(b"\n")


def test_the_contents_say_what_made_the_weights(project: Callable[..., Path]) -> None:
    project()
    contents = described("2 × CPU", seed=3).contents
    assert contents["parameters"] == {"network": "compact", "seed": 3}
    assert contents["weights"] == 3 * 2 + 2
    assert contents["device"] == "2 × CPU"
    assert list(contents["data"]) == ["dataset", "train", "test"]


@pytest.mark.parametrize(
    "changed",
    ["parameters", "device", "versions", "split", "dataset", "script", "code", "many devices"],
)
def test_all_that_decides_the_result_changes_the_fingerprint(
    changed: str, project: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = project()
    stages = folder / "stages"
    shutil.copytree(recipe.STAGES, stages)
    monkeypatch.setattr(recipe, "STAGES", stages)
    before = described(seed=0).fingerprint
    assert described(seed=0).fingerprint == before
    files = {
        "split": SPLITS[1],
        "dataset": DATASET,
        "script": stages / "train.py",
        "code": stages / "shared/files.py",
        "many devices": stages / "training/distributed/team.py",
    }
    if changed in files:
        append_line(files[changed])
    if changed == "versions":
        monkeypatch.setattr("numpy.__version__", "2")
    after = described("GPU" if changed == "device" else "CPU", seed=int(changed == "parameters"))
    assert after.fingerprint != before


def test_what_only_watches_is_not_in_the_fingerprint(
    project: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    stages = project() / "stages"
    shutil.copytree(recipe.STAGES, stages)
    monkeypatch.setattr(recipe, "STAGES", stages)
    before = described()
    append_line(stages / "watching/terminal.py")
    assert described() == before


def test_dvc_names_the_run_and_without_it_the_recipe_does(
    project: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    project()
    monkeypatch.delenv("DVC_EXP_NAME", raising=False)
    run = described()
    assert run.run_name == f"compact-{run.fingerprint}"
    monkeypatch.setenv("DVC_EXP_NAME", "wild-owl")
    assert run.run_name == "wild-owl"
