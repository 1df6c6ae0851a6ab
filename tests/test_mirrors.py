"""Whatever a mirror does, the files that arrive are upstream's, or nothing arrives."""

import contextlib
import gzip
import hashlib
import logging
import threading
import time
from collections.abc import Iterator
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

from downloading.catalog import Edition, File, Mirror
from downloading.mirrors import Arrived, Candidate, Patience, candidates, fetch
from shared.console import StageError

BODY = np.random.default_rng(0).bytes(200_000)
PACKED = gzip.compress(BODY, mtime=0)
NAMES = ["train-images.gz", "train-labels.gz", "t10k-images.gz", "t10k-labels.gz"]
FILES = [File(name=name, sha256=hashlib.sha256(BODY).hexdigest()) for name in NAMES]
IDX = Edition((FILES[0], FILES[1]), (FILES[2], FILES[3]))
CSV = Edition(
    (File(name="train.csv", sha256=FILES[0].sha256),),
    (File(name="test.csv", sha256=FILES[0].sha256),),
)
IMPATIENT = Patience(attempts=2, pause=0.01, silence=0.3, trickle=1000)


class MirrorServer(BaseHTTPRequestHandler):
    """Serves PACKED; the first folder of the path says what goes wrong, and `asked` what was."""

    def __init__(self, asked: list[str], *args: object) -> None:
        self.asked = asked
        super().__init__(*args)  # type: ignore[arg-type]  # the server's own three

    def do_GET(self) -> None:
        self.asked.append(self.path)
        _, fault, name = self.path.split("/")
        if fault == "busy" and self.asked.count(self.path) == 1:
            self.send_error(503)
        elif fault in ("404", "500"):
            self.send_error(int(fault))
        elif (fault == "csv") != name.endswith(".csv"):
            self.send_error(404)
        else:
            self.serve(fault)

    def serve(self, fault: str) -> None:
        body = {
            "wrong": gzip.compress(BODY[::-1]),
            "page": b"<html>Sign in to the network</html>",
            "corrupt": PACKED[:5000] + bytes(100) + PACKED[5100:],
            "short": PACKED[:-5000],
            "plain": BODY,
        }.get(fault, PACKED)
        self.send_response(200)
        if fault == "encoded":
            self.send_header("Content-Encoding", "gzip")
        if fault != "unsized":
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if fault == "cut":
            self.wfile.write(body[:-1])
        elif fault == "stall":
            self.wfile.write(body[: len(body) // 2])
            self.wfile.flush()
            time.sleep(3 * IMPATIENT.silence)
        elif fault == "trickle":
            self.trickle(body)
        else:
            self.wfile.write(body)

    def trickle(self, body: bytes) -> None:
        with contextlib.suppress(OSError):  # the client leaves
            for byte in body[:100]:
                self.wfile.write(bytes([byte]))
                time.sleep(IMPATIENT.silence / 10)
            self.wfile.write(body[100:])

    def log_message(self, *_: object) -> None:
        """Keep the test's output clean."""


class Server:
    def __init__(self) -> None:
        self.asked: list[str] = []
        self.http = ThreadingHTTPServer(("127.0.0.1", 0), partial(MirrorServer, self.asked))
        threading.Thread(target=self.http.serve_forever, args=(0.02,), daemon=True).start()

    def at(self, fault: str) -> str:
        return f"http://127.0.0.1:{self.http.server_port}/{fault}/"


@pytest.fixture(scope="module")
def running() -> Iterator[Server]:
    server = Server()
    yield server
    server.http.shutdown()
    server.http.server_close()


@pytest.fixture
def server(running: Server, monkeypatch: pytest.MonkeyPatch) -> Server:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    running.asked.clear()
    return running


def get(folder: Path, *locations: str) -> Arrived:
    return fetch([Candidate(location, [IDX]) for location in locations], folder, IMPATIENT)


def assert_whole(arrived: Arrived) -> None:
    assert [path.read_bytes() == BODY for paths in arrived for path in paths] == [True] * 4


@pytest.mark.parametrize("kind", ["good", "plain", "encoded", "unsized"])
def test_however_it_is_served_the_content_is_the_same(
    server: Server, tmp_path: Path, kind: str
) -> None:
    assert_whole(get(tmp_path, server.at(kind)))


FAULTS = {
    "404": (1, "HTTP 404 Not Found"),
    "500": (2, "HTTP 500 Internal Server Error"),
    "cut": (2, "cut off"),
    "short": (2, "wrong bytes: Compressed file ended"),
    "stall": (2, "no byte within 0.3 s"),
    "trickle": (2, "too slow"),
    "wrong": (2, "wrong bytes: SHA-256 is "),
    "page": (2, "wrong bytes: SHA-256 is "),
    "corrupt": (2, "wrong bytes: "),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_after_a_bad_mirror_the_next_one_answers(
    server: Server, tmp_path: Path, fault: str, caplog: pytest.LogCaptureFixture
) -> None:
    attempts, reason = FAULTS[fault]
    with caplog.at_level(logging.INFO, "stage"):
        assert_whole(get(tmp_path, server.at(fault), server.at("good")))
    assert server.asked == [f"/{fault}/{NAMES[0]}"] * attempts + [f"/good/{n}" for n in NAMES]
    *failures, success = caplog.messages
    assert len(failures) == attempts
    for line in failures:
        assert line.startswith(f"{server.at(fault)}: {NAMES[0]}: {reason}")
    assert success.startswith(server.at("good"))


def test_unreachable_mirror_is_followed_by_the_next(server: Server, tmp_path: Path) -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as closed:
        nobody = f"http://127.0.0.1:{closed.server_port}/"
    assert_whole(get(tmp_path, nobody, server.at("good")))


def test_passing_fault_needs_no_other_mirror(server: Server, tmp_path: Path) -> None:
    assert_whole(get(tmp_path, server.at("busy")))
    assert server.asked == [f"/busy/{name}" for name in NAMES for _ in range(2)]


def test_when_all_fail_one_error_lists_them_and_nothing_is_left(
    server: Server, tmp_path: Path
) -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as closed:
        nobody = f"http://127.0.0.1:{closed.server_port}/"
    with pytest.raises(StageError) as error:
        get(tmp_path, server.at("404"), server.at("cut"), nobody, "no/such/folder")
    lines = str(error.value).splitlines()
    assert [line.split(": ")[:2] for line in lines[1:5]] == [
        [f"  {server.at('404')}", NAMES[0]],
        [f"  {server.at('cut')}", NAMES[0]],
        [f"  {nobody}", NAMES[0]],
        ["  no/such/folder", NAMES[0]],
    ]
    assert "Connection refused" in lines[3]
    assert "No such file" in lines[4]
    assert "download.dataset=mnist-5k" in lines[5]
    assert "DATASET_MIRROR" in lines[5]
    assert [path.name for path in tmp_path.iterdir() if path.name != "packed"] == []


def test_files_that_have_arrived_are_not_fetched_again(server: Server, tmp_path: Path) -> None:
    folder, scratch = tmp_path / "mirror", tmp_path / "scratch"
    folder.mkdir()
    (folder / NAMES[0]).write_bytes(PACKED)
    assert_whole(get(scratch, str(folder), server.at("good")))
    assert server.asked == [f"/good/{name}" for name in NAMES[1:]]


@pytest.mark.parametrize("packed", [True, False])
def test_own_folder_may_hold_any_form(tmp_path: Path, *, packed: bool) -> None:
    folder = tmp_path / "mirror"
    folder.mkdir()
    for name in NAMES:
        (folder / name.removesuffix("" if packed else ".gz")).write_bytes(
            PACKED if packed else BODY
        )
    choice = candidates([], {"csv": CSV, "idx": IDX}, str(folder))
    assert_whole(fetch(choice, tmp_path / "scratch", IMPATIENT))


def test_own_url_comes_first_in_any_form(server: Server, tmp_path: Path) -> None:
    mirrors = [Mirror(form="idx", location=server.at("good"))]
    choice = candidates(mirrors, {"idx": IDX, "csv": CSV}, server.at("csv"))
    arrived = fetch(choice, tmp_path, IMPATIENT)
    assert [path.name for paths in arrived for path in paths] == ["train.csv", "test.csv"]
    assert not any(path.startswith("/good/") for path in server.asked)


def test_own_mirror_is_asked_for_each_form_once() -> None:
    first, *_ = candidates([], {"idx": IDX, "csv": CSV}, "own")
    assert first == Candidate("own", [IDX, CSV, IDX.unpacked])


def test_wrong_files_in_a_folder_are_not_read_twice(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / NAMES[0]).write_bytes(PACKED[:-9])
    with pytest.raises(StageError, match="wrong bytes: Compressed file ended"):
        get(tmp_path / "scratch", str(tmp_path))
    assert len(caplog.messages) == 1


def test_catalogs_folder_is_passed_over_where_it_is_absent(tmp_path: Path) -> None:
    absent = Mirror(form="idx", location=str(tmp_path / "absent"))
    present = Mirror(form="idx", location=str(tmp_path))
    assert candidates([absent, present], {"idx": IDX}, None) == [Candidate(str(tmp_path), [IDX])]
