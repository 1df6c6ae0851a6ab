"""Images that occur more than once, within a split and across splits (leakage).

Two images are the same if every pixel is, whatever their labels say. An image nearly repeats
another if it shows it shifted by a pixel in any of 8 directions (`hashing.shift_hashes`).
"""

from collections.abc import Mapping
from itertools import combinations, combinations_with_replacement
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from preprocessing.hashing import Digests, Hashes, shift_hashes, shifts
from preprocessing.storage import Rows
from shared.console import StageError
from shared.params import PARAMS

OnOverlap = Literal["allow", "drop", "fail"]
Pair = tuple[str, str]
Matches = npt.NDArray[np.intp]

_NONE = np.iinfo(np.intp).max
_PLACE = f"{PARAMS}: preprocess.on_overlap"
_SHOWN = 20


def find_repeats(splits: Mapping[str, Rows], class_names: list[str]) -> pd.DataFrame:
    """Return the rows whose image an earlier row of their split has, or any row of a split before.

    Splits are in the order train, validation, test. Each pair of splits has its own lines: `row` of
    `split`, with its `label`, repeats `of_row` of `of_split`, the first such row, with
    `of_label`. Rows go by their names. `kind` is `exact`, or `shifted` for a row that repeats none
    exactly.
    """
    names = np.array(class_names, object)
    parts = []
    for (of, split), kinds in _find_matches(splits).items():
        for kind, matches in kinds.items():
            rows = np.flatnonzero(matches != _NONE)
            columns: dict[str, object] = {"kind": kind}
            for prefix, name, picked in (("", split, rows), ("of_", of, matches[rows])):
                columns |= {
                    f"{prefix}split": name,
                    f"{prefix}row": splits[name].row_names[picked],
                    f"{prefix}label": names[splits[name].labels[picked]],
                }
            parts.append(pd.DataFrame(columns))
    return pd.concat(parts, ignore_index=True)


def count_repeats(repeats: pd.DataFrame, splits: list[str]) -> dict[str, int]:
    """Return how many rows of each split repeat an image.

    `train_duplicates` are rows of train whose image an earlier row of train has;
    `train_test_overlap` are rows of test whose image train has, and so on. The `near` ones are
    the `shifted` ones.
    """
    found = repeats.groupby(["kind", "of_split", "split"]).size()
    counts = {}
    for kind, near in (("exact", ""), ("shifted", "near_")):
        for of, split in combinations_with_replacement(splits, 2):
            name = f"{of}_{near}duplicates" if of == split else f"{of}_{split}_{near}overlap"
            counts[name] = int(found.get((kind, of, split), 0))
    return counts


def count_groups(splits: Mapping[str, Rows]) -> dict[str, int]:
    """Return how many groups are in each two splits that have groups."""
    groups = {name: rows.groups for name, rows in splits.items() if rows.groups is not None}
    return {
        f"{of}_{split}_group_overlap": np.intersect1d(groups[of], groups[split]).size
        for of, split in combinations(groups, 2)
    }


def count_rows(found: Mapping[str, Rows], kept: Mapping[str, Rows]) -> dict[str, int]:
    """Return how many rows each split has, and how many were dropped from all but the last."""
    rows = {f"{name}_rows": split.labels.size for name, split in kept.items()}
    dropped = {
        f"{name}_dropped": split.labels.size - kept[name].labels.size
        for name, split in list(found.items())[:-1]
    }
    return rows | dropped


def refuse_overlap(repeats: pd.DataFrame) -> None:
    """Raise StageError if an image is in two splits."""
    overlap = repeats[(repeats["kind"] == "exact") & (repeats["split"] != repeats["of_split"])]
    if overlap.empty:
        return
    lines = [
        f"  row {row.row} of {row.split} is row {row.of_row} of {row.of_split}\n"
        for row in overlap.head(_SHOWN).itertuples()
    ]
    if len(overlap) > _SHOWN:
        lines.append(f"  and {len(overlap) - _SHOWN:,} more\n")
    raise StageError(
        f"{_PLACE}: is fail, and images are in more than one split\n"
        + "".join(lines)
        + "Mend the tables, or set it to drop (the later split keeps the image) or to allow"
    )


def drop_overlap(splits: Mapping[str, Rows]) -> dict[str, Rows]:
    """Return the splits without the rows whose image a later split has: the last stays whole.

    Raises StageError if no row of a split is left.
    """
    kept = {}
    names = list(splits)
    for name, rows in splits.items():
        unique = np.ones(rows.labels.size, np.bool_)
        for later in names[names.index(name) + 1 :]:
            unique &= _first_match(rows.digests, splits[later].digests) == _NONE
        if not unique.any():
            raise StageError(f"{_PLACE}: drop leaves no row of {name}; later splits have them all")
        kept[name] = rows.where(unique)
    return kept


def _find_matches(splits: Mapping[str, Rows]) -> dict[Pair, dict[str, Matches]]:
    """Return, by pair of splits and kind, which row of the first each row of the second repeats."""
    pairs = list(combinations_with_replacement(splits, 2))
    exact = {
        (of, split): _first_match(splits[split].digests, splits[of].digests) for of, split in pairs
    }
    shifted = _find_shifted(splits, pairs)
    for of, split in pairs:
        for kind in (exact, shifted):
            matches = kind[of, split]
            if of == split:
                matches[matches >= np.arange(matches.size)] = _NONE
        shifted[of, split][exact[of, split] != _NONE] = _NONE
    return {pair: {"exact": exact[pair], "shifted": shifted[pair]} for pair in pairs}


def _find_shifted(splits: Mapping[str, Rows], pairs: list[Pair]) -> dict[Pair, Matches]:
    """Do it a shift at a time, so that few hashes are in memory."""
    found = {(of, split): np.full(splits[split].labels.size, _NONE) for of, split in pairs}
    for shift in shifts(next(iter(splits.values())).shape):
        hashes = {
            name: shift_hashes(rows.images(), rows.shape, shift) for name, rows in splits.items()
        }
        for (of, split), matches in found.items():
            for before, after in ((0, 1), (1, 0)):
                another = _first_match(hashes[split][after], hashes[of][before])
                np.minimum(matches, another, out=matches)
    return found


def _first_match(rows: Digests | Hashes, others: Digests | Hashes) -> Matches:
    """Return for each of the rows [N] the first of the others that is equal, or _NONE."""
    values, first = np.unique(others, return_index=True)
    places = np.minimum(np.searchsorted(values, rows), values.size - 1)
    return np.where(values[places] == rows, first[places], _NONE)
