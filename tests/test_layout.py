"""Both parsers, row by row and a block at once, accept the same rows and read them the same."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from preprocessing.fields import RowError
from preprocessing.layout import Layout
from test_table import dataset

WRONG = st.text('0123456789,\n +-#.eE\r\t"', max_size=2).map(str.encode)
ENDS = st.sampled_from([b"\n", b"\r\n"])
LABELS = {
    "4": b"4",
    "0": b'"0"',
    "ant": b"ant",
    "a,b": b'"a,b"',
    'c"d': b'"c""d"',
    "é": "é".encode(),
}


def parsed(layout: Layout, block: bytes) -> list[tuple[int, list[int]]] | None:
    """All rows, or None if one is refused."""
    try:
        return [layout.parse(line + b"\n") for line in block.split(b"\n")[:-1]]
    except RowError:
        return None


@st.composite
def rows(draw: st.DrawFn, column: int) -> bytes:
    """A good row with the label in a column from 0, in one of the many ways to write it."""
    fields = [b"%d" % draw(st.integers(0, 255)) for _ in range(6)]
    if draw(st.booleans()):
        fields = [b'"%b"' % field for field in fields]
    fields.insert(column, draw(st.sampled_from(list(LABELS.values()))))
    return b",".join(fields) + draw(ENDS)


@settings(max_examples=400, deadline=None)
@given(data=st.data(), column=st.integers(0, 6), changes=st.integers(0, 3))
def test_both_parsers_accept_the_same_rows_and_read_the_same(
    data: st.DataObject, column: int, changes: int
) -> None:
    layout = Layout(dataset(labels=list(LABELS)), column)
    text = bytearray(b"".join(data.draw(st.lists(rows(column), min_size=1, max_size=3))))
    for _ in range(changes):
        start = data.draw(st.integers(0, len(text)))
        stop = start + data.draw(st.integers(0, 2))
        text[start:stop] = data.draw(st.binary(max_size=2) | WRONG)
    block = bytes(text) if text.endswith(b"\n") else bytes(text) + b"\n"
    fast, slow = layout.parse_fast(block), parsed(layout, block)
    assert slow is not None or fast is None  # nothing is read that is no row
    if changes == 0:
        assert slow is not None
    if fast is not None and slow is not None:
        assert fast.labels.tolist() == [label for label, _ in slow]
        np.testing.assert_array_equal(fast.images.reshape(len(slow), -1), [row for _, row in slow])


def test_the_usual_ways_to_write_a_row_are_fast() -> None:
    layout = Layout(dataset(labels=list(LABELS)), 0)
    for row in (b"ant,1,2,3,4,5,6", b'"ant",1,2,3,4,5,6', b'"ant","1","2","3","4","5","6"'):
        for end in (b"\n", b"\r\n"):
            assert layout.parse_fast((row + end) * 3) is not None


def test_both_parsers_accept_the_same_spellings_of_a_pixel() -> None:
    layout = Layout(dataset(), 0)
    everything = [bytes([one]) for one in range(256)]
    some = b"0123456789 +-#.,eE\r\t\n\x0b\x0c\x1c\x85\xa0\"'_\0"
    everything += [bytes([one, two]) for one in some for two in some]
    everything += [bytes([48 + one, two, 48]) for one in range(4) for two in some]
    everything += [b"%d" % number for number in range(240, 1030)]
    disagreed = []
    for field in everything:
        block = b"5,1,%b,1,1,1,%b\n" % (field, field)
        if (layout.parse_fast(block) is None) != (parsed(layout, block) is None):
            disagreed.append(field)
    assert disagreed == []
