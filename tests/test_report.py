"""The report of a project whose stages have run, and what a browser makes of it."""

import io
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
import yaml
from dvc.repo import Repo
from PIL import Image
from playwright.sync_api import Browser, Page, ViewportSize, expect

import report
from conftest import INSECTS, RECIPE, ROOT
from reporting.history import read_history
from shared.console import StageError

HOSTILE = "<script>document.title='taken'</script>"
EXPERIMENTS = {"worse": (0.5, 20), "best": (0.999, 4000), "<b>bold": (0.75, 300)}
PICTURES = {"classes": (60, 40), "mistakes": (60, 40), "gallery": (60, 1200)}
PHONE: ViewportSize = {"width": 390, "height": 844}


def sh(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True)


def edit(path: str, **values: Any) -> None:
    """Change values of a JSON file."""
    file = Path(path)
    file.write_text(json.dumps(json.loads(file.read_text()) | values))


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with the metrics and plots of the last run, and experiments of two commits."""
    folder = tmp_path_factory.mktemp("finished")
    pipeline = yaml.safe_load((ROOT / "dvc.yaml").read_text())
    del pipeline["stages"]["download"]  # it has neither
    for stage in pipeline["stages"].values():
        for kind in set(stage) - {"metrics", "plots"}:
            del stage[kind]
        stage["cmd"] = "true"
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        begin()
        Path("dvc.yaml").write_text(yaml.safe_dump(pipeline, sort_keys=False))
        for path in ("data/raw", "models", "plots"):
            Path(path).mkdir(parents=True)
        shutil.copytree(ROOT / ".dvc/plots", ".dvc/plots")
        shutil.copytree(ROOT / "metrics", "metrics")
        shutil.copy(ROOT / "params.yaml", ".")
        for table in (ROOT / "plots").glob("*.csv"):
            shutil.copy(table, "plots")
        scores = Path("plots/per_class.csv")
        scores.write_text(scores.read_text().replace("\n0,", "\n<b>zero,"))
        for name, size in PICTURES.items():
            Image.new("L", size).save(f"plots/{name}.png")
        Path("data/raw/dataset.json").write_text(json.dumps(INSECTS | {"title": HOSTILE}))
        Path("models/recipe.json").write_text(json.dumps(RECIPE))
        Path(".gitignore").write_text("/plots/*.png\n/report\n")
        commit("first")
        for name, (accuracy, steps) in EXPERIMENTS.items():
            edit("metrics/evaluate.json", test_accuracy=accuracy)
            params = Path("params.yaml")
            params.write_text(params.read_text().replace("steps: 2000\n", f"steps: {steps}\n"))
            with Repo() as repo:
                repo.experiments.save(name=name)
            sh("git", "checkout", "--quiet", ".")
            if name == "worse":
                Path("notes").touch()
                commit("second")
    return folder


def begin() -> None:
    """Make the current folder a project."""
    sh("git", "init", "--initial-branch", "main")
    sh("git", "config", "user.name", "tester")
    sh("git", "config", "user.email", "tester@example.org")
    sh("dvc", "init", "--quiet")


def commit(message: str) -> None:
    with Repo() as repo:
        repo.commit(force=True)
    sh("git", "add", "--all")
    sh("git", "commit", "--quiet", "--message", message)


@pytest.fixture
def project(finished: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The project as the current folder, restored afterwards."""
    monkeypatch.chdir(finished)
    yield finished
    monkeypatch.chdir(finished)
    sh("git", "checkout", ".")
    sh("dvc", "checkout", "--force")


@pytest.fixture(scope="module")
def written(finished: Path) -> Path:
    """The page that the command writes."""
    command = [sys.executable, str(ROOT / "tools/report.py")]
    done = subprocess.run(command, cwd=finished, check=True, capture_output=True, text=True)
    assert "report/index.html" in done.stderr
    return finished / "report/index.html"


@pytest.fixture
def page(browser: Browser, written: Path) -> Iterator[Page]:
    """The page on a phone, which asked for nothing and had nothing to complain of."""
    with browser.new_context(viewport=PHONE) as context:
        page = context.new_page()
        asked: list[str] = []
        complaints: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(written.as_uri())
        yield page
        assert [url for url in asked if not url.startswith("data:")] == [written.as_uri()]
        assert complaints == []


class Loaded(HTMLParser):
    """Collects the addresses that a page names, and its images without a text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.addresses: list[str] = []
        self.textless: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        names = ("src", "srcset", "href", "xlink:href", "data", "action", "poster")
        self.addresses += [values[name] or "" for name in names if name in values]
        if tag in {"img", "svg"} and not (values.get("alt") or values.get("aria-label")):
            self.textless.append(tag)


def build() -> str:
    report.main()
    return Path("report/index.html").read_text()


def runs(page: Page) -> list[str]:
    return page.locator("#experiments tbody th").all_inner_texts()


def test_the_page_names_no_other_file_and_every_picture_has_a_text(written: Path) -> None:
    text = written.read_text()
    loaded = Loaded(text)
    assert [address for address in loaded.addresses if address[:1] != "#"]
    assert all(address.startswith(("#", "data:")) for address in loaded.addresses)
    assert not re.findall(r"@import|url\((?!#)", text)
    assert "default-src 'none'" in text
    assert loaded.textless == []
    assert written.stat().st_size < 1_000_000


def test_every_plot_and_every_metric_of_the_run_is_shown(written: Path) -> None:
    text = written.read_text()
    evaluated = json.loads((ROOT / "metrics/evaluate.json").read_text())
    assert f"{evaluated['test_accuracy']:.2%}" in text
    assert f"95 % interval {evaluated['test_accuracy_low']:.2%}" in text
    for title in ("Loss", "Validation accuracy", "Learning rate", "Confusion", "Calibration"):
        assert f"<figcaption>{title}</figcaption>" in text
    assert text.count("data:image/png") == len(PICTURES)
    assert "is missing" not in text
    assert "Not up to date" not in text


def test_names_are_shown_as_text(page: Page) -> None:
    expect(page).to_have_title(f"{HOSTILE}: report")
    expect(page.locator("h1")).to_have_text(HOSTILE)
    assert "<b>bold" in runs(page)
    expect(page.locator("#result svg text", has_text="<b>zero")).to_be_attached()
    expect(page.locator("#result tbody th").first).to_have_text("<b>zero")


def test_experiments_of_every_commit_are_sorted_by_a_click_and_by_a_key(page: Page) -> None:
    assert set(runs(page)) >= {"workspace", "main", *EXPERIMENTS}
    header = page.locator("#experiments thead th", has_text=re.compile("^test accuracy"))
    header.get_by_role("button").click()
    expect(header).to_have_attribute("aria-sort", "descending")
    assert runs(page)[0] == "best"
    page.keyboard.press("Enter")
    expect(header).to_have_attribute("aria-sort", "ascending")
    assert runs(page)[:2] == ["worse", "<b>bold"]

    steps = page.locator("#experiments thead th", has_text="train.steps")
    steps.get_by_role("button").click()
    expect(page.locator("#experiments [aria-sort]")).to_have_count(1)
    assert runs(page)[0] == "best", "4,000 is more than 300"
    page.locator("#experiments thead th", has_text="created").get_by_role("button").click()
    assert runs(page)[-1] == "workspace", "which was not created at any time"


def test_only_an_experiment_that_ended_well_has_metrics(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    begin()
    stage = {"cmd": "false", "params": ["train"], "metrics": [{"m.json": {"cache": False}}]}
    Path("dvc.yaml").write_text(yaml.safe_dump({"stages": {"train": stage}}))
    Path("params.yaml").write_text("train: {steps: 1}\n")
    Path("m.json").write_text('{"test_accuracy": 0.9}')
    commit("first")
    sh("dvc", "exp", "run", "--queue", "--name", "doomed", "--set-param", "train.steps=2")
    run_queue = ["dvc", "exp", "run", "--run-all"]  # its worker holds the output open for longer
    subprocess.run(run_queue, check=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    shown = read_history()[["run", "state", "test_accuracy", "train.steps"]]
    assert shown.astype(object).where(shown.notna(), None).to_numpy().tolist() == [
        ["workspace", "", 0.9, 1],
        ["main", "", 0.9, 1],
        ["doomed", "failed", None, 2],
    ]


def test_every_chart_and_picture_is_drawn(page: Page) -> None:
    for chart in page.locator("figure svg").all():
        with Image.open(io.BytesIO(chart.screenshot())) as drawn:
            assert len(drawn.convert("RGB").getcolors(drawn.width * drawn.height) or []) > 10
    widths = "images => images.map((image) => image.naturalWidth)"
    assert page.locator("img").evaluate_all(widths) == [60] * len(PICTURES)


@pytest.mark.parametrize("width", [320, 390, 1280])
def test_nothing_but_tables_in_their_boxes_is_wider_than_the_screen(page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    page.evaluate("document.querySelectorAll('details').forEach((part) => { part.open = true })")
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_no_column_is_cut_off_in_print(page: Page) -> None:
    a4 = 718  # CSS pixels between the margins
    page.set_viewport_size({"width": a4, "height": 1000})
    page.emulate_media(media="print")
    assert page.evaluate("document.documentElement.scrollWidth") <= a4


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_from_what_is_behind_it(page: Page, scheme: Any) -> None:
    page.emulate_media(color_scheme=scheme)
    paper = luminance(page.evaluate("getComputedStyle(document.body).backgroundColor"))
    assert (paper > 0.5) == (scheme == "light")
    for kind in ("h1", "header p", "dt", "small", "caption", "td", "nav a", "svg text"):
        style = "element => { const { color, fill } = getComputedStyle(element);"
        style += " return element.closest('svg') ? fill : color }"
        ink = luminance(page.locator(kind).first.evaluate(style))
        low, high = sorted([ink, paper])
        assert (high + 0.05) / (low + 0.05) >= 4.5, kind


def luminance(colour: str) -> float:
    """The relative luminance of rgb(…), as WCAG defines it."""
    parts = [int(part) / 255 for part in re.findall(r"\d+", colour)[:3]]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_what_is_missing_or_stale_is_named_with_the_cure(project: Path) -> None:
    missing = ("metrics/export.json", "plots/calibration.csv")
    for path in missing:
        Path(path).unlink()
    Path("plots/classes.csv").write_text("class,split,rows\nant,train,1\n")
    text = build()
    for path in missing:
        assert f"{path} is missing: `dvc repro` makes it" in text
    assert "Not up to date: evaluate, export, preprocess. `dvc repro`" in text


def test_metrics_that_are_no_numbers_break_neither_page_nor_table(project: Path) -> None:
    for name, value in {"text": "good", "object": {"a": [1]}, "huge": 10**400}.items():
        edit("metrics/evaluate.json", test_accuracy=value)
        with Path("params.yaml").open("a") as params:
            params.write(f"{ord(name[0])}: {name}\n")  # nor is each key of somebody's a text
        with Repo() as repo:
            repo.experiments.save(name=name)
    text = build()
    assert "The files are not as the stages leave them" in text, "the workspace's are the last"
    for name in ("text", "huge"):  # DVC leaves the object out
        assert re.search(rf'<th scope="row">{name}\s*<td>metrics that are no numbers\s*<', text)
    assert re.search(r'<th scope="row">best\s*<td>\s*<', text)


def test_a_plot_that_the_report_does_not_know_is_shown_at_the_end(project: Path) -> None:
    pipeline = yaml.safe_load(Path("dvc.yaml").read_text())
    pipeline["plots"].append({"plots/extra.csv": {"x": "step", "y": "loss", "title": "Extra"}})
    Path("dvc.yaml").write_text(yaml.safe_dump(pipeline, sort_keys=False))
    Path("plots/extra.csv").write_text("step,loss\n1,2\n2,1\n")
    text = build()
    assert text.index('id="other-plots"') < text.index("<figcaption>Extra</figcaption>")


def test_without_a_result_or_a_project_there_is_no_report(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    result = Path("metrics/evaluate.json")
    result.write_text(f"<<<<<<< HEAD\n{result.read_text()}")
    with pytest.raises(StageError, match=r"^metrics/evaluate\.json is not as the stages leave it"):
        report.main()
    result.unlink()
    with pytest.raises(StageError, match=r"^metrics/evaluate\.json is missing: `dvc repro`"):
        report.main()
    monkeypatch.chdir(tmp_path)
    with pytest.raises(StageError, match="in the project's folder"):
        read_history()
