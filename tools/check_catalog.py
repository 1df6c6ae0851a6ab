"""Check every entry of datasets/, and of one's own data, which lies there, all that it says.

    python tools/check_catalog.py
    make check-catalog

Nothing is fetched and nothing is changed. One's own files are read as `dvc repro download` reads
them; labels, sizes, rows and SHA-256s that are not as the entry says are told.
"""

from pathlib import Path
from tempfile import TemporaryDirectory

import project
from downloading.catalog import entry_names, load_entry
from downloading.files import Files
from downloading.forms.form import Form
from downloading.own import write_own
from downloading.resolving import resolve
from shared.console import StageError, log, run

CATALOG = Path("datasets")


def main() -> None:
    """Check the catalog of the working folder."""
    project.command_line(__doc__).parse_args()
    check_catalog(CATALOG)


def check_catalog(catalog: Path) -> None:
    """Raise StageError with whatever is wrong in any entry."""
    names = entry_names(catalog)
    complaints = []
    for name in names:
        try:
            check_entry(catalog, name)
        except StageError as error:
            complaints.append(str(error))
    if complaints:
        raise StageError("\n".join(complaints))
    log.info("%d entries, nothing wrong: %s", len(names), ", ".join(names))


def check_entry(catalog: Path, name: str) -> None:
    """Raise StageError for an entry that is wrong, or does not fit the data that lies beside it."""
    entry, data = load_entry(catalog, name), catalog / name / "data"
    if isinstance(entry.source, Form):
        if not data.exists():
            log.warning("%s: not here, so not checked; `dvc pull` fetches what was pushed", data)
            return
        with TemporaryDirectory() as folder:
            train, test = Path(folder, "train"), Path(folder, "test")
            train.mkdir()
            test.mkdir()
            write_own(entry.source, "train", Files(data), entry, train)
            write_own(entry.source, "test", Files(data), entry, test)
            resolve(entry, train, test, f"{catalog / name}/entry.yaml")


if __name__ == "__main__":
    run(main)
