"""What people write into variables for folders and addresses, and what it means."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from shared.console import StageError
from shared.environment import named_folder, readable_folder, readable_place, writable_folder

VARIABLE = "SOME_DIR"
DEFAULT = Path("some")
HOME = Path("~").expanduser()
ROOT_HOME = Path("~root").expanduser()


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(
    ("text", "path"),
    [
        (None, DEFAULT),
        ("", DEFAULT),
        (" ", DEFAULT),
        ("logs", Path("logs")),
        (" /mnt/disk/logs\n", Path("/mnt/disk/logs")),
        ('it\'s "mine"', Path('it\'s "mine"')),
        ("~", HOME),
        ("~/my logs", HOME / "my logs"),
        ("~root/logs", ROOT_HOME / "logs"),
        ("a/~", Path("a/~")),
        ("file:///mnt/my%20disk", Path("/mnt/my disk")),
        ("FILE:///mnt/disk", Path("/mnt/disk")),
        ("file:/mnt/disk", Path("/mnt/disk")),
        ("file://localhost/mnt/%e9", Path(os.fsdecode(b"/mnt/\xe9"))),
        ("/mnt/http://mirror", Path("/mnt/http:/mirror")),
    ],
)
def test_the_folder_that_is_named(
    text: str | None, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if text is not None:
        monkeypatch.setenv(VARIABLE, text)
    assert named_folder(VARIABLE, DEFAULT) == path


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("", None),
        ("http://example.org/MNIST/", "http://example.org/MNIST/"),
        (" HTTPS://Example.org/~me\t", "https://Example.org/~me"),
        ("file:///", "/"),
        ("~", str(HOME)),
    ],
)
def test_the_place_that_is_named(
    text: str, place: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, text)
    assert readable_place(VARIABLE) == place


def test_a_place_is_the_same_from_another_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("mirror").mkdir()
    monkeypatch.setenv(VARIABLE, "mirror")
    assert readable_place(VARIABLE) == str(Path("mirror").absolute())


def test_a_folder_to_write_is_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "new/one")
    assert writable_folder(VARIABLE, DEFAULT) == Path("new/one")
    assert not list((tmp_path / "new/one").iterdir())


FILE, BELOW, MISSING, LONG = "a file", "a file/logs", "/proc/none", "n" * 5000
UNUSABLE = [FILE, BELOW, MISSING, LONG, "~nobody-of-this-name/logs", "s3://bucket", "file://host/a"]
UNUSABLE += ["http:/example.org", "file:///a%00b"]


@pytest.mark.parametrize("text", [*UNUSABLE, "http://example.org"])
@pytest.mark.parametrize("reader", [readable_folder, writable_folder])
def test_what_is_no_folder_is_one_line_with_the_variable_s_name(
    reader: Callable[[str, Path], Path], text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path(FILE).touch()
    monkeypatch.setenv(VARIABLE, text)
    with pytest.raises(StageError, match=rf"\A{VARIABLE}: .+\Z"):
        reader(VARIABLE, DEFAULT)
    assert list(Path().iterdir()) == [Path(FILE)]


def test_a_default_that_cannot_be_written_names_the_variable_too() -> None:
    DEFAULT.touch()
    with pytest.raises(StageError, match=rf"\A{VARIABLE}: {DEFAULT}: File exists; name a folder"):
        writable_folder(VARIABLE, DEFAULT)


@pytest.mark.parametrize("text", UNUSABLE)
def test_what_is_no_place_is_told_too(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    Path(FILE).touch()
    monkeypatch.setenv(VARIABLE, text)
    with pytest.raises(StageError, match=rf"\A{VARIABLE}: .+\Z"):
        readable_place(VARIABLE)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_is_read_only_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tmp_path.chmod(0o500)
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    with pytest.raises(StageError, match=f"{VARIABLE}: .*: Permission denied; "):
        writable_folder(VARIABLE, DEFAULT)
