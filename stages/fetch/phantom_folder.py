"""The phantom's images in the folder layout: drawn here, without data or network."""

import hashlib
import io
import itertools
import json
from collections import Counter
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

from stages.common import console, files, pool
from stages.fetch import keep, phantom
from stages.fetch.phantom.generate import render
from stages.fetch.phantom.plan import Item, plan
from stages.fetch.phantom.settings import Settings

LEDGER = ".phantom.csv"
LABELS = "labels.csv"


def fetch(settings: Settings, raw: Path, workers: int) -> dict:
    """Make `raw` hold `<class>/<name>.png`, `masks/<class>/<name>.png` and labels.csv. Returns the metrics.

    An image that is there, made by the same settings and code, is kept: a killed run goes on where it was, and more
    patients cost only the new ones.
    """
    raw.mkdir(parents=True, exist_ok=True)
    items = plan(settings)
    ledger = keep.Ledger(raw / LEDGER)
    missing = [item for item in items if not _is_kept(raw, ledger.rows.get(item.path), _origin(settings))]
    for row in console.progress(_draw(settings, missing, raw, workers), len(missing), "drawing radiographs"):
        ledger.add(row)
    rows = {item.path: ledger.rows[item.path] for item in items}
    ledger.close(rows)
    _write_labels(items, rows, raw / LABELS)
    masks = [_mask_path(path) for path, row in rows.items() if row.mask_sha256]
    keep.remove_others(raw, [LEDGER, LABELS, *rows, *masks])
    return _metrics(items, rows, raw)


def _is_kept(raw: Path, row: keep.Made | None, origin: str) -> bool:
    if row is None or row.origin != origin:
        return False
    made = {row.path: row.sha256, _mask_path(row.path): row.mask_sha256}
    return all(not sha256 or _has(raw / path, sha256) for path, sha256 in made.items())


def _has(path: Path, sha256: str) -> bool:
    return path.is_file() and files.sha256(path) == sha256


def _origin(settings: Settings) -> str:
    """What an image is made from besides its path: seed, size and the drawing code, not the number of patients."""
    code = [path.read_bytes() for path in sorted(Path(phantom.__file__).parent.glob("*.py"))]
    chosen = json.dumps([settings.seed, settings.size]).encode()
    return hashlib.sha256(b"\0".join([chosen, *code])).hexdigest()


def _draw(settings: Settings, items: list[Item], raw: Path, workers: int) -> Iterator[keep.Made]:
    """Draw and write images, a patient after another: what a patient's images share is made once."""
    draw = partial(_draw_patient, settings, raw, _origin(settings))
    patients = [list(images) for _, images in itertools.groupby(items, key=lambda item: item.patient)]
    if workers == 1 or len(patients) < 2:
        yield from itertools.chain.from_iterable(map(draw, patients))
        return
    with pool.processes(min(workers, len(patients))) as executor:
        yield from itertools.chain.from_iterable(executor.map(draw, patients))


def _draw_patient(settings: Settings, raw: Path, origin: str, items: list[Item]) -> list[keep.Made]:
    return [_draw_one(settings, raw, origin, item) for item in items]


def _draw_one(settings: Settings, raw: Path, origin: str, item: Item) -> keep.Made:
    """Draw and write one image and its mask."""
    radiograph = render(settings, item)
    sha256 = _write_png(raw / item.path, radiograph.pixels)
    mask_sha256 = ""
    if radiograph.mask is not None and radiograph.mask.any():
        mask_sha256 = _write_png(raw / _mask_path(item.path), radiograph.mask.astype(np.uint8) * 255)
    return keep.Made(item.path, origin, sha256, mask_sha256, "|".join(radiograph.findings))


def _write_png(path: Path, pixels: np.ndarray) -> str:
    """Write an image whole; returns the SHA-256 of the file."""
    content = io.BytesIO()
    Image.fromarray(pixels).save(content, "PNG")
    files.write_bytes(path, content.getvalue())
    return hashlib.sha256(content.getvalue()).hexdigest()


def _mask_path(path: str) -> str:
    return f"masks/{path}"


def _write_labels(items: list[Item], rows: dict[str, keep.Made], path: Path) -> None:
    columns = ["path", "label", "patient_id", "view", "finding"]
    table = [(item.path, item.label, item.patient_id, item.view, rows[item.path].finding) for item in items]
    labels = pd.DataFrame(table, columns=columns).sort_values("path")
    files.write_text(path, labels.to_csv(index=False, lineterminator="\n"))


def _metrics(items: list[Item], rows: dict[str, keep.Made], raw: Path) -> dict:
    findings = Counter(kind for row in rows.values() for kind in row.finding.split("|") if kind)
    return {
        "images": len(items),
        "patients": len({item.patient_id for item in items}),
        "classes": dict(sorted(Counter(item.label for item in items).items())),
        "findings": dict(sorted(findings.items())),
        "bytes": sum((raw / path).stat().st_size for path in rows),
    }
