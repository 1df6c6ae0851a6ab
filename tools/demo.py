"""Draw, and see as you draw what the exported model takes it for: a page for this machine alone.

    python tools/demo.py        prints the page's address; Ctrl-C ends it

Run from the project's folder. A drawing is framed as export/predict.py frames a picture.
"""

import signal

if __name__ == "__main__":  # the imports below take seconds, in which Ctrl-C is to end it quietly
    signal.signal(signal.SIGINT, signal.SIG_DFL)

import errno
import socket
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

import onnxruntime
from nicegui import app, ui
from nicegui.events import MouseEventArguments
from PIL import Image, ImageDraw

import project
from predicting.pictures import as_image
from shared.console import StageError, log, run
from shared.dataset import Dataset, read_json

EXPORT = Path("export")
HOST = "127.0.0.1"
PORT = 8080  # or the next that is free
SIDE, BRUSH = 280, 22  # pixels, the pad's and a line's: in a digit of its size, 2 of MNIST's 20
PEN = (
    f'fill="none" stroke="black" stroke-width="{BRUSH}" '
    'stroke-linecap="round" stroke-linejoin="round"'
)


class Exported(Dataset):
    """export/dataset.json, with the layout of files, which the page does not read."""

    layout: dict[str, Any] | None = None


class Classifier(NamedTuple):
    """The exported model and the dataset that it was trained on."""

    session: onnxruntime.InferenceSession
    dataset: Dataset

    def probabilities(self, picture: Image.Image) -> list[float]:
        """Return the probability of each class."""
        image = self.dataset.image
        shape = (image.height, image.width, image.channels)
        pixels = as_image(picture, Path("drawing"), shape, self.dataset.fitting)
        [[row]] = self.session.run(["probabilities"], {"images": pixels[None]})
        probabilities: list[float] = row.tolist()
        return probabilities


def main() -> None:
    """Load the model, serve the page, say where."""
    classifier = load(EXPORT)
    port = free_port(PORT)
    app.on_startup(lambda: log.info("http://%s:%d   (Ctrl-C ends it)", HOST, port))
    with suppress(KeyboardInterrupt):
        ui.run(
            lambda: Page(classifier),
            host=HOST,
            port=port,
            title=classifier.dataset.title,
            dark=None,
            show=False,
            reload=False,
            show_welcome_message=False,
        )


def load(export: Path) -> Classifier:
    """Open the ONNX export. Raises StageError where there is none, or none for drawings."""
    model = export / "model.onnx"
    if not model.exists():
        raise StageError(
            f"{model}: no such file; `dvc repro export` makes it, with onnx in export.formats"
        )
    dataset = read_json(Exported, export / "dataset.json", stage="export")
    if dataset.image.channels != 1:
        raise StageError(
            f"{model}: takes pictures in colours, which a drawing does not have; "
            "`python export/predict.py` reads them"
        )
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    return Classifier(session, dataset)


def free_port(first: int) -> int:
    """Return the first port from `first` on that nobody listens on."""
    for port in range(first, 2**16):
        try:
            socket.create_server((HOST, port)).close()
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
        else:
            return port
    raise StageError(f"{HOST}: no port from {first} on is free")


class Drawing:
    """The strokes on a pad, each a list of the points that it goes through."""

    def __init__(self) -> None:
        self.strokes: list[list[tuple[int, int]]] = [[]]

    def follow(self, event: MouseEventArguments) -> None:
        """Add where the pointer is, if it is pressed; pressing or leaving begins a stroke."""
        if event.type != "pointermove":
            self.strokes.append([])
        if event.type != "pointerleave" and event.buttons == 1:
            self.strokes[-1].append((round(event.image_x), round(event.image_y)))

    def path(self) -> str:
        """Return the strokes as an SVG path's data; a point alone is a line to itself."""
        return "".join(
            "M" + "L".join(f"{x},{y}" for x, y in [stroke[0], *stroke])
            for stroke in self.strokes
            if stroke
        )

    def picture(self) -> Image.Image | None:
        """Return the strokes black on white, with a margin that none of them touches, or None."""
        if not any(self.strokes):
            return None
        picture = Image.new("L", (SIDE + 2 * BRUSH, SIDE + 2 * BRUSH), "white")
        draw = ImageDraw.Draw(picture)
        for stroke in self.strokes:
            points = [(x + BRUSH, y + BRUSH) for x, y in stroke]
            draw.line(points, "black", BRUSH)
            for point in points:
                draw.circle(point, BRUSH / 2, "black")
        return picture


class Page:
    """What one visitor sees: a pad to draw on, and the probability of each class."""

    def __init__(self, classifier: Classifier) -> None:
        self.classifier = classifier
        self.names = classifier.dataset.class_names
        self.drawing = Drawing()
        with ui.column().classes("mx-auto max-w-3xl p-2"):
            ui.label(classifier.dataset.title).classes("text-2xl")
            ui.label(
                "Draw one of the classes, in any size and place: the exported model says what it "
                "sees while you draw."
            )
            with ui.row().classes("w-full gap-8"):
                with ui.column():
                    self.pad = ui.interactive_image(
                        size=(SIDE, SIDE),
                        events=["pointerdown", "pointermove", "pointerleave"],
                        on_mouse=self.draw,
                        sanitize=False,
                    ).props('role=img aria-label="drawing pad"')
                    self.pad.classes("bg-white outline outline-gray-400")
                    self.pad.classes("touch-none cursor-crosshair").style(f"width: {SIDE}px")
                    ui.button("Clear", on_click=self.clear).props("outline")
                with ui.column().classes("grow"):
                    self.answer = ui.label().classes("text-2xl").props("role=status")
                    with ui.grid(columns="auto 1fr 3rem").classes("w-full items-center gap-1"):
                        self.bars = [bar(name) for name in self.names]
        self.show()

    def draw(self, event: MouseEventArguments) -> None:
        """Follow the pointer."""
        self.drawing.follow(event)
        self.show()

    def clear(self) -> None:
        """Begin anew."""
        self.drawing = Drawing()
        self.show()

    def show(self) -> None:
        """Show the drawing, and what it is taken for."""
        self.pad.content = f'<path d="{self.drawing.path()}" {PEN}/>'
        if picture := self.drawing.picture():
            values = self.classifier.probabilities(picture)
            best = max(values)
            self.answer.text = f"{self.names[values.index(best)]} ({best:.1%})"
        else:
            values = [0.0] * len(self.names)
            self.answer.text = "nothing drawn yet"
        for shown, value in zip(self.bars, values, strict=True):
            shown.value = value


def bar(name: str) -> ui.linear_progress:
    """Add a class's row to the grid: its name, a bar, the bar's value."""
    ui.label(name)
    shown = ui.linear_progress(show_value=False, size="1rem").props("instant-feedback")
    shown.props["aria-label"] = name
    ui.label().bind_text_from(shown, "value", "{:.1%}".format).classes("text-right")
    return shown


if __name__ == "__main__":
    project.command_line(__doc__).parse_args()
    signal.signal(signal.SIGINT, signal.default_int_handler)
    run(main)
