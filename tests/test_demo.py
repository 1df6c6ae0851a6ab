"""The page, served as `make demo` serves it and drawn on in a real browser."""

import math
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

import psutil
import pytest
from playwright.sync_api import Browser, Page, expect

import demo
from conftest import ROOT
from digits import describe, read_digits, write_model
from shared.console import StageError

SECONDS = 30
STROKE = [(140, 60), (140, 220)]
RING = [
    (140 + 50 * math.cos(angle * math.pi / 12), 140 + 75 * math.sin(angle * math.pi / 12))
    for angle in range(25)
]


class Server(NamedTuple):
    """A running demo."""

    process: subprocess.Popen[str]
    address: str


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The demo of a model of digits, which ends at Ctrl-C and has nothing to complain of."""
    folder = tmp_path_factory.mktemp("demo")
    (folder / "export").mkdir()
    write_model(folder / "export", read_digits())
    # NiceGUI, where it finds this name, takes itself for the one that is tested.
    environment = {name: os.environ[name] for name in os.environ if name != "PYTEST_CURRENT_TEST"}
    with subprocess.Popen(
        [sys.executable, ROOT / "tools/demo.py"],
        cwd=folder,
        env=environment,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stderr
        try:
            line = process.stderr.readline()
            found = re.search(r"http://\S+", line)
            assert found, line
            wait_for(found[0])
            yield Server(process, found[0])
            process.send_signal(signal.SIGINT)
            assert process.wait(SECONDS) == 0
            assert process.stderr.read() == ""
        finally:
            process.kill()


def wait_for(address: str) -> None:
    """Return when the server answers, at most SECONDS later."""
    parts = urlsplit(address)
    until = time.monotonic() + SECONDS
    while time.monotonic() < until:
        with suppress(ConnectionRefusedError):
            socket.create_connection((parts.hostname, parts.port)).close()
            return
        time.sleep(0.05)
    pytest.fail(f"nobody answers at {address}")


@pytest.fixture
def page(browser: Browser, server: Server) -> Iterator[Page]:
    expect.set_options(timeout=1000 * SECONDS)
    with browser.new_page() as page:
        page.goto(server.address)
        expect_nothing(page)
        yield page


def press(page: Page, points: Sequence[tuple[float, float]]) -> None:
    """Draw through these points of the pad, and keep the button down."""
    pad = page.get_by_label("drawing pad").bounding_box()
    assert pad
    for number, (x, y) in enumerate(points):
        page.mouse.move(pad["x"] + x, pad["y"] + y, steps=3)
        if number == 0:
            page.mouse.down()


def expect_nothing(page: Page) -> None:
    expect(page.get_by_role("status")).to_have_text("nothing drawn yet")
    bars = page.get_by_role("progressbar")
    expect(bars).to_have_count(10)
    for bar in bars.all():
        expect(bar).to_have_attribute("aria-valuenow", "0")


def test_a_stroke_is_read_as_1_while_it_is_drawn_and_a_ring_as_0(page: Page) -> None:
    answer = page.get_by_role("status")
    press(page, STROKE)
    expect(answer).to_contain_text("digit 1 ")
    page.mouse.up()
    page.get_by_role("button", name="Clear").click()
    expect_nothing(page)
    press(page, RING)
    page.mouse.up()
    expect(answer).to_contain_text("digit 0 ")


def test_a_line_that_leaves_the_pad_and_comes_back_elsewhere_is_two(page: Page) -> None:
    press(page, [(50, 140), (-20, 140), (-20, 200), (50, 200)])
    expect(page.locator("path[fill=none]")).to_have_attribute("d", re.compile(r"M.*M.*L50,200$"))


def test_a_drawing_is_its_visitors_alone(browser: Browser, server: Server, page: Page) -> None:
    press(page, STROKE)
    expect(page.get_by_role("status")).to_contain_text("digit 1 ")
    with browser.new_page() as other:
        other.goto(server.address)
        expect_nothing(other)


def test_nothing_leaves_the_machine_and_nobody_else_comes_in(
    browser: Browser, server: Server
) -> None:
    asked = []
    with browser.new_page() as page:
        page.on("request", lambda request: asked.append(request.url))
        page.on("websocket", lambda channel: asked.append(channel.url))
        page.goto(server.address)
        press(page, STROKE)
        expect(page.get_by_role("status")).to_contain_text("digit 1 ")
    here = urlsplit(server.address)
    assert {urlsplit(url).netloc for url in asked if not url.startswith("data:")} == {here.netloc}
    sockets = psutil.Process(server.process.pid).net_connections("inet")
    listening = [each.laddr for each in sockets if each.status == psutil.CONN_LISTEN]
    assert listening == [("127.0.0.1", here.port)]


def test_a_port_that_is_taken_is_passed_over() -> None:
    with socket.create_server((demo.HOST, 0)) as taken:
        port = taken.getsockname()[1]
        assert demo.free_port(port) > port


def test_ctrl_c_ends_it_quietly_while_it_starts(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, ROOT / "tools/demo.py"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    ) as process:
        mapped = psutil.Process(process.pid).memory_maps
        while not any("numpy" in each.path for each in mapped()):  # the first that it imports
            assert process.poll() is None
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        assert process.communicate(timeout=SECONDS)[0] == b""
        assert process.returncode == -signal.SIGINT


def test_without_an_export_it_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(StageError, match=r"model\.onnx: no such file; `dvc repro export` makes it"):
        demo.load(tmp_path)


def test_a_model_of_colours_is_refused(tmp_path: Path) -> None:
    (tmp_path / "model.onnx").touch()
    colours = {"height": 28, "width": 28, "channels": 3}
    describe(tmp_path, files={"range": [0, 1]}, image=colours, label="last")
    with pytest.raises(StageError, match="in colours, which a drawing does not have"):
        demo.load(tmp_path)
