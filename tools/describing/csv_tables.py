"""The form `csv`: which tables are train and test, and how they are laid out."""

import re
from collections import Counter
from collections.abc import Iterable
from pathlib import PurePosixPath
from typing import NamedTuple

import numpy as np

from describing.classes import are_counted, rank_as_label
from describing.columns import Columns, sampled, tell_columns, texts_of
from describing.finding import Counts, Finding, Guess, Numbers
from describing.parts import part_of, part_of_path
from describing.tables import SEPARATORS, Scan, Table, is_number, open_table
from downloading.files import Files
from shared.console import StageError

_SMALL = 1 << 16  # bytes; a text that is shorter may be a note
_NAMES = re.compile(r"mapping|class|label|name|categories|meta", re.IGNORECASE)


class Read(NamedTuple):
    """A table with what stands in it."""

    table: Table
    scan: Scan
    columns: Columns

    @property
    def path(self) -> str:
        """Where it is."""
        return self.table.path

    def labels(self) -> list[str]:
        """Return the label of each row."""
        label = self.columns.label
        if label is not None:
            return [str(value) for value in self.scan.texts[label]]
        hot = range(self.table.columns - self.columns.hot, self.table.columns)
        values = np.column_stack([self.scan.texts[place].astype(np.float32) for place in hot])
        return [str(index) for index in values.argmax(axis=1)]


def find_tables(files: Files, paths: list[str]) -> Finding:
    """Return what the tables are. Raises StageError for tables that are none of images."""
    scans, remarks = _scanned(files, paths)
    found = {table.path: tell_columns(table, scan) for table, scan in scans}
    # In a table of few rows, labels do not repeat, and are not known for what they are.
    labels = {
        table.layout: columns
        for table, _ in scans
        if (columns := found[table.path]) and columns.labelled
    }
    reads, lists = [], []
    for table, scan in scans:
        columns = labels.get(table.layout, found[table.path])
        if columns:
            reads.append(Read(table, scan, columns))
        else:
            lists.append((table, scan))
    if not reads:
        raise _no_images(lists[0][0])
    labelled = [read for read in reads if read.columns.labelled]
    without = [read for read in reads if not read.columns.labelled]
    find = _with_labels(labelled, without, lists) if labelled else _labels_beside(without, lists)
    find.remarks += remarks
    return find


def _scanned(files: Files, paths: list[str]) -> tuple[list[tuple[Table, Scan]], list[str]]:
    """Return the tables, and what is to be said of small files beside them that are none."""
    scans: list[tuple[Table, Scan]] = []
    remarks = []
    for path in paths:
        try:
            table = open_table(files, path)
            scans.append((table, Scan(files, table, texts_of(table))))
        except StageError as error:
            with files.open(path) as file:
                if len(paths) == 1 or len(file.read(_SMALL)) == _SMALL:
                    raise
            remarks.append(f"{path} is left out: {error}")
    if not scans:
        raise StageError(remarks[0])
    return scans, remarks


def _no_images(table: Table) -> StageError:
    numbers = sum(map(is_number, table.head[0])) if table.head else 0
    row = f"{numbers - 1} or {numbers} numbers a row" if numbers else "no numbers"
    return StageError(
        f"{table.path}: {row}: measurements, and no images, which have from 8×8 = 64 pixels on; "
        "this project classifies images alone (scikit-learn's classifiers take measurements)"
    )


def _with_labels(
    labelled: list[Read], without: list[Read], lists: list[tuple[Table, Scan]]
) -> Finding:
    remarks = []
    train, validation, test, unused = _in_parts(labelled)
    first = train[0]
    finding = _described(first, [*train, *validation, *test])
    paths = [read.path for read in (*train, *validation)]
    finding.source[:0] = [Guess("train", _one_or_all(paths), _why_train(train, validation))]
    finding.train = _count(label for read in (*train, *validation) for label in read.labels())
    if test:
        paths = [read.path for read in test]
        finding.source.insert(1, Guess("test", _one_or_all(paths), "its name says so"))
        finding.test = _count(label for read in test for label in read.labels())
        if test[0].table.layout != first.table.layout:
            remarks.append(f"{test[0].path} has other columns than {first.path}")
    if validation:
        finding.own_validation = sum(read.scan.rows for read in validation)
    remarks += [
        f"{read.path} has labels, too, and is not used; to test on it, write "
        f"`test: {read.path}` below `train:` in place of `draw_test`"
        for read in unused
    ]
    remarks += [
        f"{read.path} has no labels: it can neither train nor test, and is left out"
        for read in without
    ]
    if first.columns.split is not None:
        _split(first, finding)
    finding.names, finding.names_from = _names(first, lists, finding.train)
    finding.remarks = remarks + finding.remarks
    return finding


def _in_parts(labelled: list[Read]) -> tuple[list[Read], list[Read], list[Read], list[Read]]:
    """Return the tables to train, to validate and to test, and those that none of it is said of."""
    parts: dict[str | None, list[Read]] = {}
    for read in labelled:
        parts.setdefault(part_of_path(read.path), []).append(read)
    unsaid = parts.get(None, [])
    train, validation, test = (parts.get(name, []) for name in ("train", "validation", "test"))
    if not train:
        train, unsaid = unsaid, []
    if not train:
        raise StageError(
            f"{labelled[0].path}: a table to test on, by its name, and there is none to train on"
        )
    for tables in (train, test):
        _require_shards(tables)
    if validation and not test:
        test, validation = validation, []
    return train, validation, test, unsaid


def _require_shards(tables: list[Read]) -> None:
    """Raise StageError for several tables that are not the parts of one."""
    if len(tables) < 2:
        return
    names = ", ".join(read.path for read in tables)
    numberless = {re.sub(r"\d+", "#", read.path) for read in tables}
    begin = [read.table.head[0] for read in tables]
    repeated = any(row in begin[:index] for index, row in enumerate(begin))
    if len(numberless) > 1 or repeated or len({read.table.columns for read in tables}) > 1:
        why = "begin with the same row" if repeated else "have names that do not tell"
        raise StageError(
            f"{names}: which is it? They {why}; name one: DATA=.../{tables[0].path} (and a "
            "second to test on: --test)"
        )


def _one_or_all(paths: list[str]) -> str | list[str]:
    return paths[0] if len(paths) == 1 else paths


def _why_train(train: list[Read], validation: list[Read]) -> str:
    why = f"{len(train)} shards, in this order" if len(train) > 1 else ""
    if validation:
        why += f"{' and ' if why else ''}the validation table, whose rows come last"
    return why


def _count(labels: Iterable[str]) -> Counts:
    return dict(Counter(labels))


def describe_read(reads: dict[str, tuple[Table, Scan, Columns]], first: str) -> Finding:
    """Return the layout of tables that have been read, of which `first` is one to train on."""
    return _described(Read(*reads[first]), [Read(*read) for read in reads.values()])


def _described(first: Read, reads: list[Read]) -> Finding:
    """Return what the first table's layout is, and what all tables hold."""
    table, _, columns = first
    sample, low, high, whole = _pixels(reads)
    finding = Finding("csv", [], sample, {})
    if table.separator not in (",", ""):
        named = SEPARATORS[table.separator]
        finding.source.append(Guess("separator", table.separator, f"{named} stand between"))
    if columns.as_text:
        why = "one column has all pixels, between blanks"
        finding.source.append(Guess("pixels", table.key(columns.pixels[0]), why))
    if columns.hot:
        why = f"of the last {columns.hot} columns one is 1 in each row"
        finding.source.append(Guess("one_hot", columns.hot, why))
    if columns.others:
        why = ", ".join(f"{table.name(place)}: {what}" for place, what in columns.others.items())
        keys = [table.key(place) for place in columns.others]
        finding.source.append(Guess("ignore", keys, why))
    if columns.group is not None:
        why = "rows of the same may be alike: they come into one split only"
        finding.source.append(Guess("group", table.key(columns.group), why))
    finding.low, finding.high, said = told_range(low, high, whole=whole)
    if said:
        finding.source.append(Guess("range", [_plain(finding.low), _plain(finding.high)], said))
    _label(first, finding)
    if columns.unsure:
        finding.remarks.append(f"{columns.unsure}: the line is `label:`")
    return finding


def _label(first: Read, finding: Finding) -> None:
    table, _, columns = first
    if table.mangled:
        why = (
            f"pandas made it of a row ({', '.join((table.names or [])[:4])}, …): that image is lost"
        )
        finding.remarks.append(f"{table.path}:1: {why}; write the table with header=False")
        finding.top.append(Guess("header", value=True, why=why))
    elif table.names is not None:
        finding.top.append(Guess("header", value=True, why="the first row has names"))
    place = columns.label
    if place is None:
        if columns.hot:
            finding.top.append(Guess("label", "last"))
        return
    values = Counter(first.labels())
    why = f"{len(values)} different values"
    if table.names and not table.mangled and table.key(place) == table.names[place]:
        finding.top.append(Guess("label", table.names[place], why))
        return
    rest = [column for column in range(table.columns) if column not in columns.others]
    if place not in (rest[0], rest[-1]):
        raise StageError(
            f"{table.path}: column {place + 1} is the label, and stands amid the pixels without a "
            "name; give the table a header"
        )
    counted = ", which are counted" if are_counted(values) else ""
    finding.top.append(Guess("label", "first" if place == rest[0] else "last", why + counted))


def _plain(number: float) -> float | int:
    return int(number) if float(number).is_integer() else float(number)


def _pixels(reads: list[Read]) -> tuple[Numbers, float, float, bool]:
    """Return the first table's sample [n, pixels], and over all tables: least, greatest, whole."""
    sample: Numbers | None = None
    lows, highs, whole = [], [], True
    for table, scan, columns in reads:
        if columns.as_text:
            texts = scan.texts[columns.pixels[0]]
            rows = [np.array(str(text).split(), np.float64) for text in texts]
            sizes = Counter(map(len, rows))
            if len(sizes) > 1:
                usual = sizes.most_common(1)[0][0]
                odd = next(n for n, row in enumerate(rows, 2) if len(row) != usual)
                raise StageError(
                    f"{table.path}:{odd}: {len(rows[odd - 2])} pixels, where most rows have {usual}"
                )
            lows += [min(row.min() for row in rows)]
            highs += [max(row.max() for row in rows)]
            whole &= not any("." in str(text) for text in texts)
            found: Numbers = np.stack([rows[row] for row in scan.sampled])
        else:
            places = set(columns.pixels)
            inside = [index for index, place in enumerate(scan.numbers) if place in places]
            edges = [place for place in columns.pixels if place in scan.texts]
            values = [scan.texts[place].astype(float) for place in edges]
            lows += [scan.low[inside].min(), *(value.min() for value in values)]
            highs += [scan.high[inside].max(), *(value.max() for value in values)]
            texts_whole = all("." not in str(text) for place in edges for text in scan.texts[place])
            whole &= scan.whole and texts_whole
            found = sampled(scan, columns.pixels)
        sample = found if sample is None else sample
    if sample is None:
        raise AssertionError
    return sample, float(min(lows)), float(max(highs)), whole


def told_range(low: float, high: float, *, whole: bool) -> tuple[float, float, str]:
    """Return what is black and what is white, and the reason where it is not 0 and 255.

    `whole` says that all numbers are written without a point.
    """
    if whole and low >= 0 and 16 < high <= 255:
        return 0, 255, ""
    if low < 0:
        return (-1, 1, f"from {low:g} to {high:g} in all rows") if low >= -1 and high <= 1 else (
            low, high, f"from {low:g} to {high:g} in all rows")  # fmt: skip
    white = next((most for most in (1, 15, 16, 255, 1023, 4095, 65535) if high <= most), high)
    return 0, white, f"from {low:g} to {high:g} in all rows" + ("" if whole else ", with points")


def _split(first: Read, finding: Finding) -> None:
    """Use the column that tells train from test."""
    table, scan, columns = first
    place = columns.split
    if place is None:
        return
    values = [str(value) for value in scan.texts[place]]
    parts: dict[str | None, list[str]] = {}
    for value in dict.fromkeys(values):
        parts.setdefault(part_of(value), []).append(value)
    test = parts.get("test") or parts.get("validation", [])
    validation = parts.get("validation", []) if parts.get("test") else []
    train = parts.get("train", []) + validation
    counts = Counter(values)
    told = ", ".join(f"{value}: {counts[value]:,} rows" for value in counts)
    key = {"column": table.key(place), "train": train, "test": test}
    finding.source.append(Guess("split", key, told))
    labels = first.labels()
    of = {part: [label for label, value in zip(labels, values, strict=True) if value in names]
          for part, names in (("train", train), ("test", test))}  # fmt: skip
    finding.train, finding.test = _count(of["train"]), _count(of["test"])
    last = [value for value in values if value in train][-sum(counts[v] for v in validation) :]
    if validation and set(last) == set(validation):
        finding.own_validation = len(last)


def _names(
    first: Read, lists: list[tuple[Table, Scan]], counts: Counts
) -> tuple[dict[str, str], str]:
    """Return the names of the labels and what tells them, of a column or of a list beside."""
    table, scan, columns = first
    if columns.names is not None and columns.label is not None:
        pairs = zip(scan.texts[columns.label], scan.texts[columns.names], strict=True)
        return {str(label): str(name) for label, name in pairs}, table.name(columns.names)
    return names_beside(lists, counts)


def names_beside(lists: list[tuple[Table, Scan]], counts: Counts) -> tuple[dict[str, str], str]:
    """Return names that a list beside the tables has: `0 cat`, `0 48` (ASCII), or a name a line."""
    for table, scan in lists:
        path = table.path
        if not _NAMES.search(PurePosixPath(path).name):
            continue
        rows: list[list[str]] = np.column_stack(list(scan.texts.values())).tolist()
        if table.names and table.columns == 1:
            rows.insert(0, table.names)
        if table.columns > 1 and {row[0] for row in rows} >= set(counts):
            names = {row[0]: row[1] for row in rows if row[0] in counts}
            if all(name.isdecimal() and 33 <= int(name) < 127 for name in names.values()):
                names = {label: chr(int(name)) for label, name in names.items()}
        elif are_counted(counts) and len(rows) == len(counts):
            start = min(map(int, counts))
            names = {str(start + index): " ".join(row) for index, row in enumerate(rows)}
        else:
            continue
        if len(set(names.values())) == len(names):
            return names, path
    return {}, ""


def _labels_beside(without: list[Read], lists: list[tuple[Table, Scan]]) -> Finding:
    """Return tables of pixels, with labels in a file of their own."""
    pairs: dict[str, tuple[Read, Table, list[str]]] = {}
    for read in without:
        part = part_of_path(read.path) or "train"
        for table, scan in lists:
            fits = table.columns == 1 and scan.rows == read.scan.rows
            if fits and (part_of_path(table.path) or "train") == part:
                values = [str(value) for value in scan.texts[0]]
                pairs.setdefault(part, (read, table, values))
    if "train" not in pairs:
        table, scan, _ = without[0]
        for place, name in enumerate(table.names or []):
            if rank_as_label(name) and place in scan.texts:
                found = len(set(scan.texts[place].tolist()))
                raise StageError(
                    f"{table.path}: column {name}: {found} different values in {scan.rows:,} rows; "
                    "expected the labels of two classes or more, each in several rows"
                )
        raise StageError(
            f"{without[0].path}: a table of pixels without labels, and no other file has as many "
            f"lines ({without[0].scan.rows:,}) to be its labels; expected a column of labels"
        )
    first = pairs["train"][0]
    finding = _described(first, [read for read, *_ in pairs.values()])
    for read, labels, _ in pairs.values():
        if bool(labels.names) != bool(read.table.names):
            raise StageError(
                f"{labels.path}: of this file and {read.path} one has a header, and one has none; "
                "give both one, or none"
            )
    parts = [part for part in ("train", "test") if part in pairs]
    finding.source[:0] = [
        *(Guess(part, pairs[part][0].path) for part in parts),
        Guess("labels", {part: pairs[part][1].path for part in parts}, "they have as many lines"),
    ]
    finding.train = _count(pairs["train"][2])
    finding.test = _count(pairs["test"][2]) if "test" in pairs else None
    used = {pairs[part][1].path for part in parts}
    rest = [(table, scan) for table, scan in lists if table.path not in used]
    finding.names, finding.names_from = names_beside(rest, finding.train)
    return finding
