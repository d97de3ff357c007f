"""Tables that a user wrote: labels.csv and boxes.csv."""

from pathlib import Path, PurePosixPath

import pandas as pd

from stages.common.errors import UserError


def read(path: Path, needed: list[str], path_column: str = "path") -> pd.DataFrame:
    """All columns as text without blanks around it, and `source_path`: the path column as a clean path with `/`.

    Raises:
        UserError: the file is no UTF-8 CSV, lacks a needed column, or a path leads out of the folder.
    """
    try:
        table = pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8-sig", index_col=False)
    except (ValueError, pd.errors.ParserError) as error:
        raise UserError(f"{path.name} cannot be read as a comma-separated UTF-8 table: {error}") from None
    table.columns = [str(name).strip() for name in table.columns]
    lacking = [name for name in needed if name not in table]
    if lacking:
        has = ", ".join(table.columns)
        raise UserError(f"{path.name} lacks the column(s) {', '.join(lacking)}; its first line has: {has}")
    table = table.map(lambda cell: cell.strip() if isinstance(cell, str) else "")  # a short row has no text at its end
    return table.assign(source_path=[_clean(name, path.name) for name in table[path_column]])


def refuse_if_none_is_there(table: pd.DataFrame, is_there: pd.Series, name: str) -> None:
    """A table of which no row meets a file is written for another folder, or its paths start elsewhere."""
    if len(table) and not is_there.any():
        first = table["path"].iloc[0]
        raise UserError(f"{name} names no image that is there (the first is {first}); its paths start at source.path")


def _clean(path: str, table: str) -> str:
    clean = PurePosixPath(path.replace("\\", "/"))
    if path == "" or clean.is_absolute() or ".." in clean.parts:
        raise UserError(f"{table}: the path {path!r} must lead to a file below source.path")
    return clean.as_posix()
