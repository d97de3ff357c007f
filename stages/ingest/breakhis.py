"""The breast histology set BreakHis (Spanhol et al. 2016, doi:10.1109/TBME.2015.2496264).

A file name says what it shows: SOB_B_A-14-22549AB-40-001.png is benign (B), an adenosis (A), of slide 22549AB of 2014,
at magnification 40. So the tree above matters only for the parts it prescribes.
"""

import re
from pathlib import Path, PurePosixPath

import pandas as pd

from stages.common.errors import UserError
from stages.common.formats import files_below, is_image
from stages.ingest import user_table
from stages.ingest.breakhis_settings import Settings
from stages.ingest.folder import SPLITS
from stages.ingest.listing import LISTING_COLUMNS, Listing, Rejection

FOLDS = "Folds.csv"
NAME = re.compile(
    r"SOB_(?P<kind>[BM])_(?P<subtype>[A-Z]+)-(?P<year>\d+)-(?P<slide>(?P<patient>\d+)[A-Z]*)-(?P<magnification>\d+)-\d+"
)
CLASSES = {"B": "benign", "M": "malignant", "0": "benign", "1": "malignant"}
SUBTYPES = {
    "A": "adenosis",
    "F": "fibroadenoma",
    "PT": "phyllodes_tumor",
    "TA": "tubular_adenoma",
    "DC": "ductal_carcinoma",
    "LC": "lobular_carcinoma",
    "MC": "mucinous_carcinoma",
    "PC": "papillary_carcinoma",
}
MAGNIFICATION_FOLDER = re.compile(r"(40|100|200|400)x?", re.IGNORECASE)
FOLD_FOLDER = re.compile(r"fold[ _-]?(\d+)", re.IGNORECASE)


def read(raw: Path, settings: Settings) -> Listing:
    """What `raw` holds, in whichever of the trees it is passed on.

    - the published one, BreaKHis_v1/.../<class>/SOB/<subtype>/<slide>/<mag>X/*.png; with Folds.csv (fold, mag, grp,
      filename) beside it, as on Kaggle, that prescribes the parts of `settings.fold`;
    - `fold<n>/<train|test>/<mag>X/*.png`, as the authors' script makes it: of `settings.fold`;
    - `<mag>X/<train|test>/<0|1>/*.png`, where a file's own name may be any.

    Raises:
        UserError: no image has a BreakHis name, or none is left of the magnification or fold.
    """
    paths = files_below(raw)
    table = next((path for path in paths if PurePosixPath(path).name.lower() == FOLDS.lower()), None)
    folds = None if table is None else _folds(raw, table, settings)
    rows, rejected = [], []
    for path in paths:
        if path == table:
            continue
        if not is_image(raw, path):
            rejected.append(Rejection(path, "other_file"))
            continue
        row = _row(path, settings, folds)
        (rejected if isinstance(row, Rejection) else rows).append(row)
    _refuse_none(rows, rejected, settings)
    parts = "parts prescribed" if any(row["split"] for row in rows) else "no parts prescribed"
    magnification = "all magnifications" if settings.magnification is None else f"{settings.magnification}X"
    images = pd.DataFrame(rows).reindex(columns=list(LISTING_COLUMNS), fill_value="")
    named = any(row["group_id"] for row in rows)
    group_source = f"BreakHis file name, by {settings.group}" if named else ""
    return Listing(images, f"BreakHis, {magnification}, {parts}", rejected, group_source=group_source)


def _folds(raw: Path, name: str, settings: Settings) -> dict[str, str]:
    """Part by file name, of one fold of Folds.csv."""
    table = user_table.read(raw / name, ["fold", "grp", "filename"], path_column="filename")
    table = table[table["fold"] == str(settings.fold)]
    if table.empty:
        raise UserError(f"{name} has no fold {settings.fold}; set ingest.breakhis.fold to one that it has")
    unknown = sorted(set(table["grp"].str.lower()) - set(SPLITS))
    if unknown:
        raise UserError(f"{name}: the part {unknown[0]!r} is none of {', '.join(SPLITS)}; mend the column grp")
    return {
        PurePosixPath(path).name: SPLITS[part.lower()]
        for path, part in zip(table["source_path"], table["grp"], strict=True)
    }


def _row(path: str, settings: Settings, folds: dict[str, str] | None) -> dict[str, str] | Rejection:
    """What an image's name and folders say of it, or why it is left out."""
    *folders, name = path.split("/")
    split = next((SPLITS[folder.lower()] for folder in folders if folder.lower() in SPLITS), "")
    fold = next((int(found[1]) for folder in folders if (found := FOLD_FOLDER.fullmatch(folder))), None)
    found = NAME.search(name)
    facts = found.groupdict() if found else _facts_of_folders(folders)
    if facts is None:
        return Rejection(path, "unlabelled", "neither its name nor its folders are BreakHis's")
    if settings.magnification is not None and int(facts["magnification"]) != settings.magnification:
        return Rejection(path, "not_chosen", f"magnification {facts['magnification']}")
    if fold not in (None, settings.fold):
        return Rejection(path, "not_chosen", f"fold {fold}")
    if folds is not None:
        if found is None or f"{found[0]}.png" not in folds:
            return Rejection(path, "unlabelled", f"not in fold {settings.fold} of {FOLDS}")
        split = folds[f"{found[0]}.png"]
    if settings.label == "subtype" and facts["subtype"] not in SUBTYPES:
        return Rejection(path, "unlabelled", "its name tells no subtype")
    label = CLASSES[facts["kind"]] if settings.label == "class" else SUBTYPES[facts["subtype"]]
    group = f"{facts['year']}-{facts[settings.group]}" if facts["slide"] else ""
    return {"source_path": path, "label": label, "group_id": group, "split": split}


def _facts_of_folders(folders: list[str]) -> dict[str, str] | None:
    """What `<mag>X/<train|test>/<0|1>/` tells: magnification and class."""
    magnification = next((found[1] for folder in folders if (found := MAGNIFICATION_FOLDER.fullmatch(folder))), None)
    if magnification is None or not folders or folders[-1] not in ("0", "1"):
        return None
    return {"kind": folders[-1], "subtype": "", "year": "", "slide": "", "patient": "", "magnification": magnification}


def _refuse_none(rows: list[dict], rejected: list[Rejection], settings: Settings) -> None:
    if rows:
        return
    others = [one for one in rejected if one.reason == "not_chosen"]
    if others:
        raise UserError(
            f"no image is of magnification {settings.magnification} and fold {settings.fold}; {others[0].source_path} "
            f"is of {others[0].detail}: set ingest.breakhis.magnification or ingest.breakhis.fold"
        )
    raise UserError(
        "no image has a BreakHis name such as SOB_B_A-14-22549AB-40-001.png; use ingest.layout: folder for other images"
    )
