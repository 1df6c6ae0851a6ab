"""Files with some bytes changed, the same ones each time; MUTANTS says how many of each format."""

import json
import os
import random
import zlib
from collections.abc import Iterator, Sequence
from typing import Any

COUNT = int(os.environ.get("MUTANTS", "50"))

_PNG = 8  # bytes before the first chunk
_VALUES: tuple[Any, ...] = (None, True, -1, 0, 10**400, 0.5, "", "\x1b[31m", [], {}, float("nan"))


def mutants(wholes: Sequence[bytes], seed: str) -> Iterator[bytes]:
    """Yield COUNT files, each made of one of the whole ones."""
    draw = random.Random(seed)
    for number in range(COUNT):
        content = bytearray(wholes[number % len(wholes)])
        for _ in range(draw.choice((1, 1, 2, 8))):
            _change(content, draw)
        yield bytes(content)


def mutant_chunks(wholes: Sequence[bytes], seed: str) -> Iterator[bytes]:
    """Yield PNGs with one chunk changed, whose checksum is right: one that is wrong hides it."""
    draw = random.Random(seed)
    for number in range(COUNT):
        whole = wholes[number % len(wholes)]
        chunks = []
        at = _PNG
        while at < len(whole):
            size = int.from_bytes(whole[at : at + 4], "big")
            chunks.append((whole[at + 4 : at + 8], bytearray(whole[at + 8 : at + 8 + size])))
            at += size + 12
        place = draw.randrange(len(chunks))
        kind, content = chunks[place]
        if kind == b"IDAT" and draw.random() < 0.5:  # what is in it, and not what is around it
            content = bytearray(zlib.decompress(content))
            _change(content, draw)
            content = bytearray(zlib.compress(content))
        else:
            _change(content, draw)
        chunks[place] = (kind, content)
        yield whole[:_PNG] + b"".join(
            len(content).to_bytes(4, "big")
            + kind
            + content
            + zlib.crc32(kind + content).to_bytes(4, "big")
            for kind, content in chunks
        )


def mutant_values(whole: dict[str, Any], seed: str) -> Iterator[str]:
    """Yield JSON in which a value is another one, or is not there."""
    draw = random.Random(seed)
    for _ in range(COUNT):
        content = json.loads(json.dumps(whole))
        part = content
        key = draw.choice(list(part))
        while isinstance(part[key], dict) and part[key] and draw.random() < 0.7:
            part = part[key]
            key = draw.choice(list(part))
        if draw.random() < 0.2:
            del part[key]
        else:
            part[key] = draw.choice(_VALUES)
        yield json.dumps(content)


def _change(content: bytearray, draw: random.Random) -> None:
    start = draw.randrange(len(content) + 1)
    stop = min(len(content), start + draw.choice((0, 1, 1, 2, 4, 30)))
    kind = draw.randrange(5)
    if kind == 0:
        del content[start:stop]
    elif kind == 1:
        content[start:start] = content[start:stop] or draw.randbytes(2)
    elif kind == 2:
        del content[draw.choice((start, len(content) - 1, 0)) :]
    elif kind == 3:
        content[start:stop] = bytes(stop - start) if draw.random() < 0.5 else b"\xff" * 4
    else:
        content[start:stop] = draw.randbytes(stop - start)
