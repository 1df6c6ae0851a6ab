"""Pictures, by the pixels that come out."""

from pathlib import Path

import numpy as np
import pytest
from matplotlib.image import imread

from evaluating.figures import image_grid, image_rows
from shared.dataset import Images
from shared.figures import drawable_names, save_png


def picture(path: Path, images: Images, captions: list[str]) -> Images:
    """What is drawn, uint8 [height, width, red green blue alpha]."""
    save_png(path, image_grid(images, captions, if_empty="no mistakes"))
    return np.asarray(imread(path) * 255).round().astype(np.uint8)


def share(drawn: Images, colour: tuple[int, int, int]) -> float:
    return float(np.all(drawn[..., :3] == colour, axis=-1).mean())


@pytest.mark.parametrize(
    ("pixel", "colour"), [([128], (128, 128, 128)), ([250, 0, 50], (250, 0, 50))]
)
def test_grey_and_colour_images_keep_their_values(
    tmp_path: Path, pixel: list[int], colour: tuple[int, int, int]
) -> None:
    images = np.full((5, 28, 28, len(pixel)), pixel, np.uint8)
    drawn = picture(tmp_path / "grid.png", images, ["true 1\npredicted 2"] * 5)
    assert share(drawn, colour) > 0.3


def test_captions_are_taken_literally(tmp_path: Path) -> None:
    picture(tmp_path / "grid.png", np.zeros((1, 4, 4, 1), np.uint8), ["$a^{ costs $"])


def test_no_image_is_a_picture_that_says_so(tmp_path: Path) -> None:
    drawn = picture(tmp_path / "none.png", np.zeros((0, 4, 4, 1), np.uint8), [])
    assert drawn.shape == (100, 400, 4)
    assert 0.5 < share(drawn, (255, 255, 255)) < 1


def test_rows_of_images_may_differ_in_length_and_be_empty(tmp_path: Path) -> None:
    grey = np.full((3, 28, 28, 1), 128, np.uint8)
    rows: list[tuple[str, tuple[Images, list[str]]]] = [
        ("ant $", (grey, ["a", "b", "c"])),
        ("bee", (grey[:1], ["d"])),
        ("fly", (grey[:0], [])),
    ]
    save_png(tmp_path / "rows.png", image_rows(rows))
    drawn = np.asarray(imread(tmp_path / "rows.png") * 255).round().astype(np.uint8)
    assert drawn.shape == (630, 680, 4)
    one, two, three = (share(drawn[top : top + 210], (128, 128, 128)) for top in (0, 210, 420))
    assert one == pytest.approx(3 * two, rel=0.01)
    assert two > 0.1
    assert three == 0


def test_of_many_rows_100_are_shown_first_those_with_images() -> None:
    grey = np.full((1, 28, 28, 1), 128, np.uint8)
    ants: list[tuple[str, tuple[Images, list[str]]]] = [("ant", (grey[:0], []))] * 200
    figure = image_rows([*ants, ("bee", (grey, ["one"]))])
    assert figure.get_size_inches().tolist() == pytest.approx([3.4, 210])
    assert [text.get_text() for text in figure.axes[0].texts][:3] == ["bee", "one", "ant"]


@pytest.mark.filterwarnings("error")
def test_a_name_that_the_font_lacks_gives_way_to_its_label(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    names = ["七", "なな", "일곱", "सात", "เจ็ด", "a\nb", "Ünique, ήτα"]
    drawn = drawable_names({f"{index}": name for index, name in enumerate(names)} | {"八": "八"})
    assert drawn == ["0", "1", "2", "3", "4", "5", "Ünique, ήτα", "#7"]
    (said,) = caplog.messages
    assert "7 class names (七, なな, 일곱, …): their labels are drawn" in said
    picture(tmp_path / "grid.png", np.zeros((8, 4, 4, 1), np.uint8), drawn)


def test_the_same_picture_is_the_same_bytes_and_names_no_program(tmp_path: Path) -> None:
    images = np.random.default_rng(0).integers(0, 256, (3, 8, 8, 1), dtype=np.uint8)
    for name in ("a.png", "b.png"):
        picture(tmp_path / name, images, ["one", "two", "three"])
    content = (tmp_path / "a.png").read_bytes()
    assert content == (tmp_path / "b.png").read_bytes()
    assert b"Software" not in content
