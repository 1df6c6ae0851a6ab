"""Count how often export/predict.py is right about photographs of digits on paper.

    dvc repro && python benchmarks/photographs.py
    python benchmarks/photographs.py export --part train --seed 1    # while you change the reader

MNIST's test digits are drawn as ink on pages of 300 to 700 pixels, 100 for each condition, and
read with the model of an exported folder. Nothing of the reader was chosen on them: use `--part
train` and another seed to develop. The time is the processor's, for a picture of 700×700 from its
JPEG to its class. MNIST's gzipped IDX files are read from MNIST_DIR (default ../shared/data/mnist).
"""

import argparse
import io
import time
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

import setting
from predicting.opening import read_picture
from predicting.pictures import as_image
from predicting.predict import load
from predicting.refusal import RefusedError
from project import ROOT, command_line
from shared.console import run

PICTURES = 100  # of each condition
SIDES = 300, 700  # pixels, the least and the most

# What a page's picture has, beside the digit in dark ink. A condition is a set of these words.
CONDITIONS: dict[str, str] = {
    "paper": "",
    "shadow": "shadow",
    "lamp": "lamp",
    "vignette": "vignette",
    "edge of a table or book": "edge",
    "ruled": "ruled",
    "squared": "squared",
    "ruled, shadow": "ruled shadow",
    "squared, shadow": "squared shadow",
    "ruled, shadow, edge": "ruled shadow edge",
    "pen in any colour": "colour",
    "chalk on a board": "chalk",
    "pencil": "pencil",
    "broken strokes": "broken",
    "sensor noise": "noise",
    "JPEG of quality 15 to 40": "jpeg",
    "up to 15° askew": "askew",
}

Floats = npt.NDArray[np.float64]
Random = np.random.Generator


def main() -> None:
    """Draw, read, count and print."""
    parser = command_line(__doc__)
    parser.add_argument("export", nargs="?", type=Path, default=ROOT / "export")
    parser.add_argument("--part", choices=("t10k", "train"), default="t10k", help="MNIST's digits")
    parser.add_argument("--seed", type=int, default=2026)
    print(table(measure(parser.parse_args())))  # noqa: T201 (its output)


def measure(arguments: argparse.Namespace) -> dict[str, float]:
    """Return the share that is read rightly in each condition, and the milliseconds a picture."""
    dataset, model = load(arguments.export)
    images, labels = setting.read_mnist(arguments.part)

    def reads(file: io.BytesIO) -> str:
        path = Path("photograph")
        try:
            pixels = as_image(read_picture(path, file), path, dataset.shape, "digits")
        except RefusedError:
            return ""
        [[row]] = model.run(["probabilities"], {"images": pixels[None]})
        name: str = dataset.names[row.argmax()]
        return name

    figures, clock = {}, []
    for number, (name, condition) in enumerate(CONDITIONS.items()):
        random = np.random.default_rng([arguments.seed, number])
        right = 0
        for chosen in random.choice(len(labels), PICTURES, replace=False):
            side = int(random.integers(*SIDES, endpoint=True))
            file = photograph(images[chosen, ..., 0], condition, side, random)
            right += reads(file) == str(labels[chosen])
        figures[name] = right / PICTURES
        for chosen in range(5):
            file = photograph(images[chosen, ..., 0], condition, SIDES[1], random)
            start = time.process_time()
            reads(file)
            clock.append(1000 * (time.process_time() - start))
    return figures | {"all": float(np.mean(list(figures.values()))), "ms": float(np.median(clock))}


def table(figures: dict[str, float]) -> str:
    """Return the figures as a page shows them."""
    rows = [(name, f"{share:.1%}") for name, share in figures.items() if name != "ms"]
    time = (
        f"Processor time for a picture of {SIDES[1]}×{SIDES[1]}: {figures['ms']:.0f} ms (median)."
    )
    return setting.markdown(["photographs", "right"], rows) + f"\n\n{time}"


def photograph(digit: Any, condition: str, side: int, random: Random) -> io.BytesIO:
    """Return a JPEG, or a PNG, of the digit, uint8 [28, 28], on a page of about side × side."""
    has = condition.split()
    height, width = side, int(side * random.uniform(0.75, 1))
    short = min(height, width)
    y, x = np.mgrid[:height, :width] / short
    angle = np.radians(random.uniform(-15, 15) if "askew" in has else random.uniform(-2, 2))
    down, across = y * np.cos(angle) - x * np.sin(angle), y * np.sin(angle) + x * np.cos(angle)

    page = random.uniform(0.8, 0.97) * random.uniform(0.95, 1, 3)
    ink = random.uniform(0.05, 0.3) * random.uniform(0.8, 1, 3)
    if "chalk" in has:
        page = random.uniform(0.1, 0.25) * random.uniform(0.7, 1, 3)
        ink = random.uniform(0.65, 0.95) * random.uniform(0.85, 1, 3)
    if "pencil" in has:
        ink = page * random.uniform(0.5, 0.7)
    if "colour" in has:
        ink = random.permutation([random.uniform(0, 0.2), random.uniform(0, 0.85), 0.85])
    picture = np.broadcast_to(page, (height, width, 3))

    if "ruled" in has or "squared" in has:
        period = random.uniform(0.06, 0.13)
        thickness = random.uniform(0.0025, 0.006)
        axes = [down, across] if "squared" in has else [down]
        lines = np.max([line(axis, period, thickness, random, short) for axis in axes], axis=0)
        colour = page * random.uniform([0.4, 0.5, 0.6], 0.8)
        picture = blend(picture, colour, lines)

    scale = random.uniform(0.5, 0.9)
    edge = "edge" in has and random.uniform(0.05, 0.2)
    marks = draw(digit, int(scale * short), np.degrees(angle), "broken" in has, random)
    if "pencil" in has or "chalk" in has:
        grain = blurred(random.normal(size=marks.shape), short / 300)
        marks *= (0.9 + 0.2 * grain / grain.std()).clip(0.3, 1)
    where = [
        int(random.uniform(0.8 * edge if edge else 0, 1) * (length - marks.shape[0]))
        for length in (height, width)
    ]
    alpha = np.zeros((height, width))
    alpha[where[0] : where[0] + len(marks), where[1] : where[1] + len(marks)] = marks
    picture = blend(picture, ink, alpha)

    if edge:
        # On the left or at the top, since the digit keeps away from there.
        free = (where[1] if random.random() < 0.5 else where[0]) / short
        along = (x, y) if free == where[1] / short else (y, x)
        breadth = min(edge, free + scale / 28)
        border = along[0] - breadth - (along[1] - 0.5) * random.uniform(-0.04, 0.04)
        other = random.uniform(0.05, 0.7) * random.uniform(0.5, 1, 3)
        grain = 1 + 0.1 * blurred(random.normal(size=x.shape), short / 60)
        picture = blend(picture, other * grain[..., None], step(-border, 1.5 / short))

    picture = picture * light(has, y, x, random)[..., None]
    picture = picture + random.normal(
        scale=random.uniform(0.04, 0.1) if "noise" in has else 0.01, size=picture.shape
    )
    levels = Image.fromarray(np.rint(255 * picture.clip(0, 1)).astype(np.uint8))
    file = io.BytesIO()
    levels.save(file, "jpeg", quality=int(random.uniform(15, 40)) if "jpeg" in has else 90)
    return file


def draw(digit: Any, side: int, degrees: float, broken: bool, random: Random) -> Floats:
    """Return how much ink lies on each pixel, from 0 to 1, [side, side]."""
    large = Image.fromarray(digit).resize((side, side), Image.Resampling.BICUBIC)
    turned = large.rotate(degrees, Image.Resampling.BICUBIC)
    marks = step(np.asarray(turned, np.float64) / 255 - 0.45, 6 / side)
    if broken:
        y, x = np.mgrid[:side, :side] / side - 0.5
        for _ in range(random.integers(2, 5)):
            angle, offset = random.uniform(0, np.pi), random.uniform(-0.3, 0.3)
            gap = abs(x * np.cos(angle) + y * np.sin(angle) - offset)
            marks = marks * step(gap - random.uniform(0.008, 0.018), 1 / side)
    return marks


def line(axis: Floats, period: float, thickness: float, random: Random, short: int) -> Floats:
    """Return 1 on lines across an axis, 0 between them."""
    distance = abs((axis / period + random.random()) % 1 - 0.5) * period
    return step(thickness / 2 - distance, 1 / short)


def light(has: list[str], y: Floats, x: Floats, random: Random) -> Floats:
    """Return how much light falls on each pixel, about 1 where there is most."""
    falls = np.ones(x.shape)
    if "shadow" in has:
        angle = random.uniform(0, 2 * np.pi)
        side = (x - 0.5) * np.cos(angle) + (y - 0.5) * np.sin(angle) - random.uniform(-0.25, 0.25)
        falls -= random.uniform(0.3, 0.65) * step(side, random.uniform(0.005, 0.2))
    if "lamp" in has:
        distance = np.hypot(x - random.uniform(0, 1), y - random.uniform(0, 1))
        falls *= 0.3 + 0.75 * np.exp(-((distance / random.uniform(0.4, 0.8)) ** 2))
    if "vignette" in has:
        distance = np.hypot(x / x.max() - 0.5, y / y.max() - 0.5)
        falls *= 1 - random.uniform(0.8, 1.5) * distance**2
    return falls


def blend(below: Any, above: Any, alpha: Floats) -> Floats:
    """Return two colours, or pictures, one over the other."""
    mixed: Floats = below + (above - below) * alpha[..., None]
    return mixed


def step(x: Floats, width: float) -> Floats:
    """Return 0 below 0, 1 above it, and a slope of that width between."""
    slope: Floats = (x / width + 0.5).clip(0, 1)
    return slope


def blurred(x: Floats, radius: float) -> Floats:
    """Return noise of a coarser grain, of about the same deviation."""
    height, width = x.shape
    side = max(1, round(radius))
    coarse = Image.fromarray(x[::side, ::side].astype(np.float32))
    return np.asarray(coarse.resize((width, height), Image.Resampling.BICUBIC), np.float64)


if __name__ == "__main__":
    run(main)
