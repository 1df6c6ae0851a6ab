"""Bring images of many layouts to a trained model, and say what came of each.

    python benchmarks/layouts.py ~/layouts/*      # folders, files and zips, each a dataset

Each is described as by `make new`, downloaded, prepared, and trained on for 100 steps with the
parameters that its description proposes, in a scratch project: nothing comes into this one. What
is refused is told in the words of the refusal. A layout is called as its folder or file is. The
figures go to benchmarks/layouts.json.
"""

import re
import shutil
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

import setting
from project import ROOT, command_line
from shared.console import StageError, log, run
from shared.files import write_json
from shared.params import read_yaml

FIGURES = Path(__file__).resolve().with_suffix(".json")
STEPS = 100
SPLITS = ("train", "validation", "test")


def main() -> None:
    """Try each, print the table."""
    parser = command_line(__doc__)
    parser.add_argument("data", nargs="+", type=Path, help="a folder, file or zip of images")
    figures = []
    for data in parser.parse_args().data:
        with TemporaryDirectory() as folder:
            shutil.copy(ROOT / "params.yaml", folder)
            figure = setting.in_new_process(Path(folder), bring, data.absolute())
        log.info("%s", figure)
        figures.append(figure)
    report = {**setting.training_machine(), "steps": STEPS, "figures": figures}
    write_json(FIGURES, report)
    print(table(report))  # noqa: T201 (its output)


def bring(data: Path) -> dict[str, Any]:
    """Return what comes of some images in the project in the working folder."""
    import describe
    import download
    import preprocess

    layout = data.name if data.is_dir() else data.stem
    Path("datasets").mkdir()
    try:
        said = describe.bring(data, None, "brought")
        adjust(said[-1])
        download.main()
        preprocess.main()
        return {"layout": layout} | described() | {"validation_accuracy": train()}
    except StageError as error:
        told = " ".join(str(error).split())
        return {"layout": layout, "refused": told}


def adjust(command: str) -> None:
    """Write the parameters of a command line, and few steps, into params.yaml."""
    from ruamel.yaml import YAML

    params = read_yaml(Path("params.yaml"))
    yaml = YAML(typ="safe")
    for section, name, value in re.findall(r"-S (\w+)\.(\w+)=(\S+)", command):
        params[section][name] = yaml.load(value)
    params["train"] |= {"steps": STEPS, "eval_every": STEPS}
    with Path("params.yaml").open("w", encoding="utf-8") as file:
        yaml.dump(params, file)


def described() -> dict[str, Any]:
    """Return what the images were taken for."""
    source = read_yaml(Path("datasets/brought/entry.yaml"))["source"]
    splits = [np.load(f"data/prepared/{name}.npz") for name in SPLITS]
    height, width, channels = splits[0]["images"].shape[1:]
    return {
        "form": source["form"],
        "keys": sorted(source.keys() - {"kind", "form", "train", "test"}),
        "rows": sum(len(split["labels"]) for split in splits),
        "image": f"{height} × {width}" + (" in colour" if channels == 3 else ""),
        "classes": len(np.unique(np.concatenate([split["labels"] for split in splits]))),
    }


def train() -> float:
    """Train and return the accuracy on the validation split."""
    import train as stage

    stage.main()
    accuracy: float = read_yaml(Path("metrics/train.json"))["validation_accuracy"]
    return accuracy


def table(report: dict[str, Any]) -> str:
    """Return the figures as Markdown: what works, and what is refused."""
    figures = report["figures"]
    works = setting.markdown(
        ["layout", "read as", "rows", "images", "classes", "accuracy"],
        [
            [
                row["layout"],
                f"`{row['form']}`" + "".join(f", `{key}`" for key in row["keys"]),
                f"{row['rows']:,}",
                row["image"],
                row["classes"],
                f"{row['validation_accuracy'] * 100:.0f} %",
            ]
            for row in figures
            if "refused" not in row
        ],
    )
    refused = setting.markdown(
        ["layout", "refused with"],
        [[row["layout"], row["refused"]] for row in figures if "refused" in row],
    )
    return f"{works}\n\n{refused}"


if __name__ == "__main__":
    run(main)
