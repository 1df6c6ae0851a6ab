"""Keras's own archive, written so that the same weights give the same bytes."""

import json
import tempfile
import zipfile
from pathlib import Path
from typing import Any

from shared.files import naming, replacing
from training.normalization import with_keras_layers


def save_model(model: Any, path: Path) -> None:
    """Write `model` as a .keras file without what Keras takes from the moment and the memory.

    It has Keras's own layers alone, so what loads it needs nothing of ours.
    """
    with tempfile.TemporaryDirectory() as folder:
        original = Path(folder) / "model.keras"
        with naming(original):
            with_keras_layers(model).save(original)
        with (
            replacing(path) as temporary,
            zipfile.ZipFile(original) as source,
            zipfile.ZipFile(temporary, "w") as target,
        ):
            for name in sorted(source.namelist()):
                content = source.read(name)
                if name.endswith(".json"):
                    content = _without_accidents(content)
                target.writestr(zipfile.ZipInfo(name), content)  # dated 1980, the format's zero


def _without_accidents(content: bytes) -> bytes:
    """Return Keras's JSON without its date, and with objects numbered instead of addressed."""
    numbers: dict[int, int] = {}

    def mend(entry: dict[str, Any]) -> dict[str, Any]:
        entry.pop("date_saved", None)
        if "shared_object_id" in entry:
            address = entry["shared_object_id"]
            entry["shared_object_id"] = numbers.setdefault(address, len(numbers) + 1)
        return entry

    return json.dumps(json.loads(content, object_hook=mend)).encode()
