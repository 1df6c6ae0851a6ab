"""What `make` decides before anything runs; programs that take minutes are stand-ins here."""

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType

import pytest
import yaml

from conftest import ROOT

PINNED = re.compile(r"^[a-z][\w\[\],.-]*==[^\s\\]+(?: ; [^\\]+?)?(?= ?\\?$)", re.MULTILINE)


def program(path: Path, script: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


def make(
    folder: Path, *arguments: str, environment: Mapping[str, str] = MappingProxyType({})
) -> subprocess.CompletedProcess[str]:
    path = f"{folder}/bin:{folder}/.venv/bin:/usr/bin:/bin"
    return subprocess.run(
        ["make", *arguments],
        cwd=folder,
        env={"PATH": path, "LC_ALL": "C.UTF-8", **environment},
        check=False,
        capture_output=True,
        text=True,
    )


@pytest.fixture
def house(tmp_path: Path) -> Path:
    """A folder with the Makefile, and a .venv whose Python only says what it was asked."""
    shutil.copy(ROOT / "Makefile", tmp_path)
    for name in ("requirements.txt", "locks/requirements.txt", "pip.settings", ".dvc/vega.js"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    program(
        tmp_path / ".venv/bin/python",
        'case "$*" in *config*) cat pip.settings;; *version*) ;; *) echo "$@";; esac',
    )
    return tmp_path


def set_up(folder: Path) -> None:
    """Let make take the folder for one in which all is installed."""
    for name in (".venv/requirements.txt.done", ".dvc/vega.js"):
        (folder / name).touch()


def installer(folder: Path, *arguments: str) -> str:
    place = "locks/" if arguments else ""
    done = make(folder, f".venv/{place}requirements.txt.done", *arguments)
    assert not done.returncode, done.stderr
    assert (folder / f".venv/{place}requirements.txt.done").exists()
    return done.stdout.splitlines()[-1]


@pytest.mark.parametrize(
    ("arguments", "name"),
    [("GPU=1", "-gpu"), ("GPU=yes", "-gpu"), ("GPU=0", ""), ("GPU=no", ""), ("GPU=", "")],
)
def test_cuda_is_installed_where_it_is_asked_for(house: Path, arguments: str, name: str) -> None:
    (house / "requirements-gpu.txt").touch()
    done = make(house, "setup", arguments)
    assert done.stdout.endswith(f"--requirement requirements{name}.txt\n"), done.stderr


def test_pip_s_settings_do_not_say_where_to_install(house: Path) -> None:
    program(
        house / ".venv/bin/python",
        'case "$*" in *install*) env | grep -E "^(PIP_.*|PYTHONSAFEPATH)=";; esac',
    )
    places = {f"PIP_{name}": "/elsewhere" for name in ("PREFIX", "ROOT", "TARGET")}
    places["PYTHONSAFEPATH"] = "1"
    kept = {"PIP_INDEX_URL": "https://mirror.example.org"}
    done = make(house, "setup", environment={"PIP_USER": "1", **places, **kept})
    settings = {"PIP_INDEX_URL=https://mirror.example.org", "PIP_USER=0"}
    assert {*done.stdout.splitlines()[1:]} == settings, done.stderr


@pytest.mark.parametrize("own", ["", "/somewhere/else"])
def test_dvc_s_site_cache_is_the_user_s_alone(house: Path, own: str) -> None:
    set_up(house)
    program(house / ".venv/bin/dvc", 'echo "$DVC_SITE_CACHE_DIR"')
    done = make(house, "all", environment={"DVC_SITE_CACHE_DIR": own})
    assert done.stdout.splitlines()[0] == (own or f"{house}/.dvc/tmp/site"), done.stderr
    assert (house / ".dvc/tmp/site").stat().st_mode & 0o777 == 0o700


def test_help_tells_every_target() -> None:
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    [names] = re.findall(r"^\.PHONY:((?:.*\\\n)*.*)$", text, re.MULTILINE)
    told = set(re.findall(r"^make (\S+)  ", make(ROOT, "help").stdout, re.MULTILINE))
    assert told == set(names.replace("\\\n", "").split()) - {"whole-lock"}


def test_without_uv_pip_installs(house: Path) -> None:
    assert installer(house) == "-m pip install --quiet --requirement requirements.txt"


def test_uv_installs_where_there_is_one(house: Path) -> None:
    (house / "pip.settings").write_text("global.timeout='60'\n:env:.no-input='1'\n")
    program(house / "bin/uv", 'echo "uv $@"')
    assert installer(house) == (
        "uv pip install --python .venv/bin/python --quiet --requirement requirements.txt"
    )


def test_the_environment_s_own_uv_does_not_install_into_it(house: Path) -> None:
    program(house / ".venv/bin/uv", "exit 1")
    assert installer(house).startswith("-m pip install")


@pytest.mark.parametrize(
    "setting",
    [
        "global.index-url='https://mirror.example.org/simple'",
        "global.extra-index-url='https://mirror.example.org/simple'",
        ":env:.find-links='/wheels'",
        "install.no-index='true'",
    ],
)
def test_pip_installs_where_it_has_an_index_of_its_own(house: Path, setting: str) -> None:
    (house / "pip.settings").write_text(f"global.timeout='60'\n{setting}\n")
    program(house / "bin/uv", "exit 1")
    assert installer(house).startswith("-m pip install")


def test_hashes_are_required_of_the_hashed_copies(house: Path) -> None:
    assert installer(house, "HASHES=1") == (
        "-m pip install --quiet --require-hashes --requirement locks/requirements.txt"
    )


@pytest.mark.parametrize("version", [(3, 10, 9), (3, 14, 0)])
@pytest.mark.parametrize("uv", [True, False])
def test_an_unsuitable_python_is_told_with_a_cure(
    house: Path, version: tuple[int, ...], *, uv: bool
) -> None:
    (house / ".venv/bin/python").unlink()
    script = f"import sys; sys.version_info = {version}; exec(sys.argv[1])"
    program(house / "bin/python3", f'exec {sys.executable} -c "{script}" "$2"')
    if uv:
        program(house / "bin/uv", "exit 1")
    done = make(house, "setup")
    assert done.returncode
    cure = "get one: uv venv --python '>=3.11,<3.14', then make again"
    assert f"needed, and python3 is 3.{version[1]}; " in done.stderr
    assert (cure if uv else "name another: make PYTHON=python3.12\n") in done.stderr


def test_a_colon_in_the_path_is_told_in_one_line(tmp_path: Path) -> None:
    folder = tmp_path / "cat:dog"
    folder.mkdir()
    shutil.copy(ROOT / "Makefile", folder)
    done = make(folder)
    assert done.returncode
    assert not done.stdout
    assert re.fullmatch(r".*cat:dog has a colon in its path, .*\n", done.stderr)


@pytest.fixture
def committed(house: Path) -> Path:
    """The house as a git repository with this project's dvc.lock."""
    shutil.copy(ROOT / "dvc.lock", house)
    identity = ["-c", "user.name=n", "-c", "user.email=e@example.org"]
    for words in (["init", "-q"], ["add", "."], [*identity, "commit", "-qm", "all"]):
        subprocess.run(["git", *words], cwd=house, check=True)
    return house


def cuts(lock: str) -> Iterator[str]:
    """A lock that ends with each of the first lines, and within it."""
    end = 0
    for line in lock.splitlines(keepends=True)[:12]:
        yield lock[:end]
        yield lock[: end + len(line) - 1]
        yield lock[: end + len(line) // 2]
        end += len(line)


def complete(node: object) -> bool:
    """Whether every entry has something in it."""
    if isinstance(node, dict | list):
        return all(map(complete, node.values() if isinstance(node, dict) else node))
    return node is not None


def test_a_cut_lock_is_restored_and_what_dvc_can_read_is_not(committed: Path) -> None:
    whole = (committed / "dvc.lock").read_text()
    for cut in cuts(whole):
        (committed / "dvc.lock").write_text(cut)
        done = make(committed, "whole-lock")
        assert not done.returncode, done.stderr
        readable = cut.endswith("\n") and "stages:" in cut and complete(yaml.safe_load(cut))
        assert (committed / "dvc.lock").read_text() == (cut if readable else whole)
        assert ("restored from HEAD" in done.stdout) is not readable


@pytest.mark.parametrize(
    ("lock", "kept"), [("\0" * 100, False), ("<<<<<<< HEAD\nschema: '2.0'\n>>>>>>> b\n", True)]
)
def test_zeros_are_a_cut_lock_and_a_conflict_is_not(
    committed: Path, lock: str, *, kept: bool
) -> None:
    (committed / "dvc.lock").write_text(lock)
    make(committed, "whole-lock")
    assert ((committed / "dvc.lock").read_text() == lock) is kept


@pytest.mark.parametrize(("text", "kept"), [("", False), ('{"/a/out": {"wri', False), ("{}", True)])
def test_dvc_s_list_of_who_writes_what_goes_where_it_is_cut(
    committed: Path, text: str, *, kept: bool
) -> None:
    program(committed / ".venv/bin/python", f'exec {sys.executable} "$@"')
    path = committed / ".dvc/tmp/rwlock"
    path.parent.mkdir(parents=True)
    path.write_text(text)
    assert not make(committed, "whole-lock").returncode
    assert path.exists() is kept


def test_a_missing_lock_stays_away(committed: Path) -> None:
    (committed / "dvc.lock").unlink()
    assert not make(committed, "setup").returncode
    assert not (committed / "dvc.lock").exists()


def test_make_looks_at_the_lock_before_dvc_runs(committed: Path) -> None:
    (committed / "dvc.lock").write_text("")
    program(committed / ".venv/bin/dvc", "wc -l < dvc.lock")
    lines = make(committed, "all").stdout.splitlines()
    assert lines[0] == "dvc.lock was cut off; restored from HEAD"
    assert str(len((ROOT / "dvc.lock").read_text().splitlines())) in lines


def test_clean_removes_what_the_project_wrote_and_nothing_else(house: Path) -> None:
    ours = """report/index.html comparison/comparison.md comparison/comparison.json
        dvc_plots/index.html dvc_plots/static/HEAD_plots_classes.png .dvc/vega.js
        logs/a/events.out.tfevents.1.h.2.0.stage logs/a/seconds.json
        .checkpoints/0f/000000010.npz .checkpoints/0f/.000000020.partial.npz"""
    strangers = """report/notes.md comparison/notes.md dvc_plots/static/notes.png Makefile
        logs/b/events.out.tfevents.1.v2 logs/b/docs/notes.md .checkpoints/notes.md
        .checkpoints/mine/2026-results.npz .checkpoints/mine/.2026.partial.npz"""
    for name in (*ours.split(), *strangers.split()):
        (house / name).parent.mkdir(parents=True, exist_ok=True)
        (house / name).touch()
    shutil.copy(ROOT / "Makefile", house)
    done = make(house, "clean")
    assert not done.returncode, done.stderr
    left = {path.relative_to(house).as_posix() for path in house.rglob("*")}
    assert not left & {*ours.split(), "logs/a", ".checkpoints/0f", ".venv"}
    assert set(strangers.split()) <= left


@pytest.mark.parametrize(
    ("arguments", "asked"),
    [
        (["compare", "A=it's", 'B=a "b" $$c'], ["tools/compare.py", "it's", 'a "b" $c']),
        (["compare", "A="], ["tools/compare.py"]),
        (["run", "PRESET=fast", "DATASET=my own"], ["tools/run.py", "fast", "--dataset", "my own"]),
        (["run"], ["tools/run.py", "--help"]),
        (
            ["run", "PRESET=it's", "ARGS=-n 'a b' -S c=3"],
            ["tools/run.py", "it's", "-n", "a b", "-S", "c=3"],
        ),
    ],
)
def test_arguments_reach_a_tool_as_they_are(
    house: Path, arguments: list[str], asked: list[str]
) -> None:
    set_up(house)
    program(house / ".venv/bin/python", "printf '%s\\n' \"$@\"")
    done = make(house, *arguments)
    assert done.stdout.splitlines() == asked, done.stderr


def test_what_the_environment_has_by_chance_is_no_argument(house: Path) -> None:
    set_up(house)
    program(house / ".venv/bin/python", "printf '%s\\n' \"$@\"")
    machine = dict.fromkeys(("NAME", "TEST", "A", "B"), "DESKTOP-1")
    done = make(house, "new", "DATA=a.zip", environment=machine)
    assert done.stdout.splitlines() == ["tools/describe.py", "--add", "a.zip"], done.stderr
    assert make(house, "compare", environment=machine).stdout == "tools/compare.py\n"


@pytest.mark.parametrize(
    ("text", "folder"),
    [(None, "logs"), ("~/it's mine", "HOME/it's mine")],
)
def test_tensorboard_shows_where_training_logs(house: Path, text: str | None, folder: str) -> None:
    shutil.copytree(ROOT / "stages/shared", house / "stages/shared")
    set_up(house)
    program(house / ".venv/bin/python", f'exec {sys.executable} "$@"')
    program(house / ".venv/bin/tensorboard", "printf '%s\\n' \"$@\"")
    places = {"HOME": str(house)} | ({} if text is None else {"LOG_DIR": text})
    done = make(house, "tensorboard", environment=places)
    assert done.stdout.splitlines() == [f"--logdir={folder.replace('HOME', str(house))}"], (
        done.stderr
    )


FRESH = "Stage 'download' didn't change, skipping"
STALE = "Running stage 'train':\n> python stages/train.py\n\nRunning stage 'evaluate':\n> python …"
CUT_SHORT = (
    "Running stage 'train':\n> python stages/train.py\n"
    "ERROR: failed to reproduce 'evaluate': [Errno 2] No such file or directory: 'models'"
)


@pytest.mark.parametrize(
    ("plan", "status", "stale"), [(FRESH, 0, False), (STALE, 0, True), (CUT_SHORT, 255, True)]
)
def test_check_lock_names_the_stages_that_would_run(
    house: Path, plan: str, status: int, *, stale: bool
) -> None:
    (house / "plan").write_text(plan)
    program(
        house / ".venv/bin/dvc",
        f'[ "$*" = "repro --dry --allow-missing" ] && cat plan && exit {status}',
    )
    done = make(house, "check-lock")
    assert bool(done.returncode) == stale
    said = "dvc.lock is stale: train evaluate would run again\ncure: dvc repro, "
    assert (said in done.stdout) == stale
    assert ("dvc.lock fits" in done.stdout) != stale


def test_check_lock_fails_where_dvc_does(house: Path) -> None:
    program(house / ".venv/bin/dvc", "echo broken; exit 255")
    done = make(house, "check-lock")
    assert done.returncode
    assert "broken" in done.stdout


@pytest.mark.parametrize("path", sorted(ROOT.glob("requirements*.txt")), ids=lambda path: path.stem)
def test_a_hashed_copy_pins_what_its_original_pins(path: Path) -> None:
    copy = (ROOT / "locks" / path.name).read_text()
    pins = PINNED.findall(path.read_text())
    assert len(pins) > 50
    assert PINNED.findall(copy) == pins
    assert copy.count("--hash=sha256:") > len(pins)
    assert not re.search(r"://|--index|--find-links|^/|\.\./", copy, re.MULTILINE)
