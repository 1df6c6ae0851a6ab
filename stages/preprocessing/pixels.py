"""The text of many pixels as an array, by sums over whole blocks of bytes instead of cells."""

import numpy as np

from shared.dataset import Images

_COMMA, _NEWLINE, _ZERO, _NINE = np.frombuffer(b",\n09", np.uint8)


def parse_pixels(text: bytes, columns: int) -> Images | None:
    r"""Return rows of so many columns, `18,0,255\n`, as uint8 [rows, columns].

    Returns None unless every cell is a plain number up to 255: digits, with no zero before others.
    """
    codes = np.frombuffer(text, np.uint8)
    is_digit = codes >= _ZERO
    ones = is_digit.view(np.uint8)
    digits = (codes - _ZERO) * ones
    # The digits that two others follow. Sums are modulo 256, so 3 and more must not come so far.
    hundreds = digits[:-2] * ones[1:-1] * ones[2:]
    if codes.max(initial=0) > _NINE or hundreds.max(initial=0) > 2:
        return None
    sums = digits.copy()
    sums[1:] += digits[:-1] * np.uint8(10)
    sums[2:] += hundreds * np.uint8(100)
    ends = np.flatnonzero(is_digit[:-1] > is_digit[1:])
    pixels: Images = sums[ends]

    digit_count = np.count_nonzero(is_digit)
    needed = ends.size + np.count_nonzero(pixels > 9) + np.count_nonzero(pixels > 99)
    row_ends = ends[columns - 1 :: columns] + 1
    if (
        ends.size + digit_count == codes.size  # a number before every separator
        and needed == digit_count  # of as many digits as its value needs
        and ends.size == columns * row_ends.size
        and (codes[row_ends] == _NEWLINE).all()
        and np.count_nonzero(codes == _COMMA) == ends.size - row_ends.size
    ):
        return pixels.reshape(-1, columns)
    return None
