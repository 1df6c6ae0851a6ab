"""Whatever a mirror does, the files that arrive are upstream's, or nothing arrives."""

import contextlib
import gzip
import hashlib
import io
import logging
import re
import threading
import time
import zipfile
from collections.abc import Iterator
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import quote, unquote

import numpy as np
import pytest

from downloading import transfer
from downloading.mirrors import Arrived, Candidate, candidates, fetch
from downloading.sources import Edition, File, Mirror
from downloading.transfer import Patience
from shared.console import StageError

BODY = np.random.default_rng(0).bytes(200_000)
PACKED = gzip.compress(BODY, mtime=0)
NAMES = ["train-images.gz", "train-labels.gz", "t10k-images.gz", "t10k-labels.gz"]
FILES = [File(name=name, sha256=hashlib.sha256(BODY).hexdigest()) for name in NAMES]
IDX = Edition(None, (FILES[0], FILES[1]), (FILES[2], FILES[3]))
CSV = Edition(
    None,
    (File(name="train.csv", sha256=FILES[0].sha256),),
    (File(name="test.csv", sha256=FILES[0].sha256),),
)
IMPATIENT = Patience(attempts=2, pause=0.01, silence=0.6, trickle=1000)


DRIPS = {
    "continue": (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    "head": (b"HTTP/1.1 200 OK\r\n", b"X-More: 1\r\n"),
    "chunk": (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"0"),
    "endless": (b"HTTP/1.1 200 OK\r\n\r\n", bytes(1 << 18)),
    "huge": (b"HTTP/1.1 200 OK\r\nContent-Length: 10000000000\r\n\r\n", b""),
}


class MirrorServer(BaseHTTPRequestHandler):
    """Serves PACKED; the first folder of the path says what goes wrong, and `asked` what was."""

    def __init__(self, asked: list[str], bodies: dict[str, bytes], *args: object) -> None:
        self.asked, self.bodies = asked, bodies
        super().__init__(*args)  # type: ignore[arg-type]  # the server's own three

    def do_GET(self) -> None:
        self.asked.append(self.path)
        fault, _, name = unquote(self.path[1:]).rpartition("/")
        if fault.startswith("csv-or-"):
            fault = "good" if name.endswith(".csv") else fault.removeprefix("csv-or-")
        if fault == "only" and name not in self.bodies:
            self.send_error(404)
        elif fault == "busy" and self.asked.count(self.path) == 1:
            self.send_error(503)
        elif fault in ("404", "500"):
            self.send_error(int(fault))
        elif fault == "csv" and not name.endswith(".csv"):
            self.send_error(404)
        elif fault == "escape":
            self.send_error(404, "Not\x1b[31m Found")
        elif fault in ("http://[", "http://" + 70 * "a"):
            self.send_response(302)
            self.send_header("Location", fault)
            self.end_headers()
        elif fault in DRIPS:
            self.drip(*DRIPS[fault])
        else:
            self.serve(fault, self.bodies.get(name, PACKED))

    def serve(self, fault: str, whole: bytes) -> None:
        body = {
            "wrong": gzip.compress(BODY[::-1]),
            "page": b"<html>Sign in to the network</html>",
            "corrupt": PACKED[:5000] + bytes(100) + PACKED[5100:],
            "short": PACKED[:-5000],
            "plain": BODY,
        }.get(fault, whole)
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

    def drip(self, start: bytes, again: bytes) -> None:
        with contextlib.suppress(OSError):  # the client leaves
            self.wfile.write(start)
            while True:
                self.wfile.write(again)
                time.sleep(0.02)

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
        self.bodies: dict[str, bytes] = {}
        handler = partial(MirrorServer, self.asked, self.bodies)
        self.http = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        threading.Thread(target=self.http.serve_forever, args=(0.02,), daemon=True).start()

    def at(self, fault: str) -> str:
        return f"http://127.0.0.1:{self.http.server_port}/{quote(fault, safe='')}/"


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
    "stall": (2, "no byte within 0.6 s"),
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


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ("http://[", "not an address: Invalid IPv6 URL"),
        ("http://" + 70 * "a", "encoding with .idna. codec failed"),
        ("escape", r"HTTP 404 Not\\x1b\[31m Found"),
        ("continue", "no answer within 0.3 s"),
        ("head", "no answer within 0.3 s"),
        ("chunk", "too slow: 0 bytes in 0.1 s"),
        ("endless", "more than .* GiB; fetch it yourself"),
        ("huge", "more than .* GiB; fetch it yourself"),
    ],
)
def test_a_mirror_that_never_ends_or_talks_nonsense_is_left_in_one_line(
    server: Server,
    tmp_path: Path,
    fault: str,
    reason: str,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(transfer, "MOST_BYTES", 1 << 21)
    patience = Patience(attempts=1, silence=0.1, trickle=1000)
    choice = [Candidate(place, [IDX]) for place in (server.at(fault), server.at("good"))]
    assert_whole(fetch(choice, tmp_path, patience))
    [line] = [line for line in caplog.messages if line.startswith(server.at(fault))]
    assert re.search(f": {NAMES[0]}: ({reason})", line)


def test_nobody_reads_the_password_of_a_url(
    server: Server, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    def secret(fault: str) -> str:
        return server.at(fault).replace("http://", "http://me:pass@word@")

    with caplog.at_level(logging.INFO, "stage"):
        assert_whole(get(tmp_path, secret("500"), secret("good")))
        with pytest.raises(StageError) as error:
            get(tmp_path / "again", secret("404"), "http://me:pass@word@[/")
    said = [*caplog.messages, str(error.value)]
    assert not any("word" in line for line in said)
    assert "http://127.0.0.1" in said[0]


def test_certificates_that_are_not_there_are_named(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/no/such/bundle.pem")
    with pytest.raises(StageError, match=r"/no/such/bundle.pem \(REQUESTS_CA_BUNDLE or CURL_CA"):
        get(tmp_path, server.at("good").replace("http", "https"))


@pytest.mark.parametrize("place", ["a" * 5000, "~nobody-has-this-name/a"])
def test_a_folder_that_cannot_be_looked_for_is_followed_by_the_next(
    server: Server, tmp_path: Path, place: str
) -> None:
    assert_whole(get(tmp_path, place, server.at("good")))


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
        get(tmp_path, server.at("404"), server.at("cut"), nobody, "no/such/folder", __file__)
    lines = str(error.value).splitlines()
    assert [line.split(": ")[:2] for line in lines[1:6]] == [
        [f"  {server.at('404')}", NAMES[0]],
        [f"  {server.at('cut')}", NAMES[0]],
        [f"  {nobody}", NAMES[0]],
        ["  no/such/folder", "no such folder"],
        [f"  {__file__}", "is a file; expected the folder that it is in"],
    ]
    assert "Connection refused" in lines[3]
    assert "download.dataset=mnist-5k" in lines[6]
    assert "DATASET_MIRROR" in lines[6]
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
    assert first == Candidate("own", [IDX, CSV], near=True)


def test_wrong_files_in_a_folder_are_not_read_twice(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / NAMES[0]).write_bytes(PACKED[:-9])
    with pytest.raises(StageError, match="wrong bytes: Compressed file ended"):
        get(tmp_path / "scratch", str(tmp_path))
    assert len(caplog.messages) == 1


def test_after_a_folder_that_is_absent_the_next_mirror_answers(tmp_path: Path) -> None:
    for name in NAMES:
        (tmp_path / name).write_bytes(PACKED)
    mirrors = [Mirror(form="idx", location=f"{tmp_path}{end}") for end in ("/absent", "")]
    assert_whole(fetch(candidates(mirrors, {"idx": IDX}, None), tmp_path / "scratch", IMPATIENT))


def test_a_folder_may_be_in_the_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in NAMES:
        (tmp_path / name).write_bytes(PACKED)
    assert_whole(get(tmp_path / "scratch", "~"))


def test_files_without_a_checksum_are_not_taken_from_two_mirrors(
    server: Server, tmp_path: Path
) -> None:
    folder, scratch = tmp_path / "mirror", tmp_path / "scratch"
    folder.mkdir()
    unknown = Edition(None, *((File(name=name),) for name in NAMES[:2]))
    (folder / NAMES[0]).write_bytes(b"half of another dataset")
    choice = [Candidate(str(folder), [unknown]), Candidate(server.at("good"), [unknown])]
    arrived = fetch(choice, scratch, IMPATIENT)
    assert [path.read_bytes() == BODY for paths in arrived for path in paths] == [True] * 2


@pytest.mark.parametrize(("packed", "attempts"), [(PACKED, 1), (PACKED[:-1], 2)])
def test_a_gzip_may_be_known_by_its_own_checksum(
    server: Server, tmp_path: Path, packed: bytes, attempts: int
) -> None:
    known = File(name=NAMES[0], packed_sha256=hashlib.sha256(packed).hexdigest())
    choice = [Candidate(server.at("good"), [Edition(None, (known,), ())])]
    expected = contextlib.nullcontext() if packed == PACKED else pytest.raises(StageError)
    with expected:
        fetch(choice, tmp_path, IMPATIENT)
    assert len(server.asked) == attempts


ARCHIVED = IDX._replace(archive=File(name="all.zip"))


def zip_file(path: Path) -> str:
    """Write the zip and return its SHA-256."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in [*NAMES, "README"]:
            archive.writestr(f"data/{name}", PACKED)
    return hashlib.sha256(path.read_bytes()).hexdigest()


def archived(sha256: str | None = None) -> Edition:
    files = [File(name=f"data/{file.name}", sha256=file.sha256) for file in FILES]
    return Edition(File(name="all.zip", sha256=sha256), (files[0], files[1]), (files[2], files[3]))


def test_members_of_a_zip_arrive_from_a_folder_and_it_stays(tmp_path: Path) -> None:
    sha256 = zip_file(tmp_path / "all.zip")
    choice = [Candidate(str(tmp_path), [archived(sha256)])]
    assert_whole(fetch(choice, tmp_path / "scratch", IMPATIENT))
    assert hashlib.sha256((tmp_path / "all.zip").read_bytes()).hexdigest() == sha256
    found = [path for path in (tmp_path / "scratch").rglob("*") if path.is_file()]
    assert len(found) == 4, "no copy of it, and no other member"


def test_a_zip_is_downloaded_once(server: Server, tmp_path: Path) -> None:
    sha256 = zip_file(tmp_path / "all.zip")
    server.bodies["all.zip"] = (tmp_path / "all.zip").read_bytes()
    choice = [Candidate(server.at("good"), [archived(sha256)])]
    assert_whole(fetch(choice, tmp_path / "scratch", IMPATIENT))
    assert server.asked == ["/good/all.zip"]


@pytest.mark.parametrize(
    ("edition", "said"),
    [
        (archived("f" * 64), "all.zip: wrong bytes: SHA-256 is "),
        (
            CSV._replace(archive=File(name="all.zip")),
            "all.zip: train.csv: not in the archive, which holds data/train-",
        ),
        (ARCHIVED._replace(archive=File(name="none.zip")), "none.zip: no such file"),
        (ARCHIVED._replace(archive=File(name="text.zip")), "text.zip: .*: File is not a zip"),
    ],
)
def test_a_wrong_zip_is_refused_by_name(tmp_path: Path, edition: Edition, said: str) -> None:
    zip_file(tmp_path / "all.zip")
    (tmp_path / "text.zip").write_text("<html>Sign in</html>")
    with pytest.raises(StageError, match=said):
        fetch([Candidate(str(tmp_path), [edition])], tmp_path / "scratch", IMPATIENT)


@pytest.mark.parametrize("unpacked", [False, True])
def test_own_folder_may_hold_what_is_in_the_zip(tmp_path: Path, *, unpacked: bool) -> None:
    (tmp_path / "own/data").mkdir(parents=True)
    for name in NAMES:
        there = tmp_path / "own/data" / name.removesuffix(".gz" if unpacked else "")
        there.write_bytes(BODY if unpacked else PACKED)
    choice = candidates([], {"idx": archived()}, str(tmp_path / "own"))
    assert_whole(fetch(choice, tmp_path / "scratch", IMPATIENT))


@pytest.mark.parametrize("fault", ["404", "500", "wrong", "page"])
def test_own_mirror_that_lacks_one_form_is_asked_for_the_other(
    server: Server, tmp_path: Path, fault: str
) -> None:
    choice = candidates([], {"idx": IDX, "csv": CSV}, server.at(f"csv-or-{fault}"))
    arrived = fetch(choice, tmp_path, IMPATIENT)
    assert [path.name for paths in arrived for path in paths] == ["train.csv", "test.csv"]


def test_own_mirror_that_cannot_be_reached_is_not_asked_for_the_other_form(
    server: Server, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as closed:
        nobody = f"http://127.0.0.1:{closed.server_port}/"
    mirrors = [Mirror(form="idx", location=server.at("good"))]
    assert_whole(fetch(candidates(mirrors, {"idx": IDX, "csv": CSV}, nobody), tmp_path, IMPATIENT))
    assert len([line for line in caplog.messages if line.startswith(nobody)]) == 2


TABLE = b"label,p0\n1,2\n"


def zipped(name: str, content: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
    return file.getvalue()


@pytest.mark.parametrize(
    ("wanted", "there", "content"),
    [
        ("x_1.csv", "x_1.csv.zip", zipped("x_1.csv", TABLE)),
        ("x_1.csv", "x_1.csv", zipped("x_1.csv", TABLE)),
        ("x_1.csv", "x_1.csv", zipped("another.csv", TABLE)),
        ("x_1.csv", "x_1.csv.gz", zipped("x_1.csv", TABLE)),
        ("x_1.csv", "archive.zip", zipped("data/x_1.csv", TABLE)),
        ("x_1.csv", "archive (2).zip", zipped("x_1.csv.zip", zipped("x_1.csv", TABLE))),
        ("x_1.csv", "x_1.zip", zipped("x_1.csv", gzip.compress(TABLE, mtime=0))),
        ("x_1.csv", "X_1 (1).csv", TABLE),
        ("x_1.csv", "x_1.csv", gzip.compress(TABLE, mtime=0)),
        ("x-idx3-ubyte.gz", "x.idx3-ubyte", TABLE),
        ("x-idx3-ubyte.gz", "x-idx3-ubyte.gz", TABLE),
    ],
)
def test_a_file_is_found_under_near_names_and_told_by_its_first_bytes(
    tmp_path: Path, wanted: str, there: str, content: bytes
) -> None:
    (tmp_path / there).write_bytes(content)
    (tmp_path / "another-x_1.csv").write_bytes(b"9,9\n")
    edition = Edition(None, (File(name=wanted),), ())
    [found], _ = fetch([Candidate(str(tmp_path), [edition])], tmp_path / "scratch", IMPATIENT)
    assert found.read_bytes() == TABLE


@pytest.mark.parametrize("there", ["x.csv.zip", "x.csv.gz", "x.csv"])
def test_own_url_is_asked_for_near_names(server: Server, tmp_path: Path, there: str) -> None:
    server.bodies[there] = gzip.compress(TABLE)
    edition = Edition(None, (File(name="x.csv"),), ())
    choice = candidates([], {"csv": edition}, server.at("only"))
    [found], _ = fetch(choice, tmp_path, IMPATIENT)
    server.bodies.pop(there)
    assert found.read_bytes() == TABLE


def test_an_archive_is_found_as_kaggle_calls_it(tmp_path: Path) -> None:
    zip_file(tmp_path / "archive.zip")
    edition = archived()._replace(archive=File(name="digits.zip"))
    assert_whole(fetch([Candidate(str(tmp_path), [edition])], tmp_path / "scratch", IMPATIENT))


def test_where_nothing_fits_what_lies_there_is_listed(tmp_path: Path) -> None:
    for name in [*"abcdefghijkl", "trains.csv"]:
        (tmp_path / name).touch()
    (tmp_path / "archive.zip").write_bytes(zipped("other.csv", TABLE))
    with pytest.raises(StageError, match=r"the folder holds trains.csv, .* and 5 more"):
        fetch(candidates([], {"csv": CSV, "idx": IDX}, str(tmp_path)), tmp_path / "s", IMPATIENT)
