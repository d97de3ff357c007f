"""Which files of a folder are images, and which are nobody's."""

import os
from pathlib import Path, PurePosixPath

from stages.common.errors import UserError

IMAGE_SUFFIXES = frozenset(
    (".png", ".jpg", ".jpeg", ".jpe", ".jfif", ".tif", ".tiff", ".bmp", ".dib", ".dcm", ".dicom", ".gif", ".webp")
)
LITTER = frozenset(("thumbs.db", "desktop.ini", "__macosx"))


def is_image(root: Path, path: str) -> bool:
    """Whether a file below `root` is to be read as an image: by its suffix, or a DICOM file without a telling one."""
    suffix = PurePosixPath(path).suffix.lower()
    if suffix.strip(".0123456789") == "":  # DICOM files are often named by a number such as 1.2.840.10008
        return is_dicom(Path(root) / path)
    return suffix in IMAGE_SUFFIXES


def is_dicom(path: Path) -> bool:
    """Whether a file begins as DICOM part 10 files do."""
    with Path(path).open("rb") as file:
        return file.read(132)[128:] == b"DICM"


def files_below(root: Path) -> list[str]:
    """The files in a folder and the folders in it, as sorted paths with `/` below it; links are followed.

    Hidden files and folders, and what file managers leave behind, are passed over.

    Raises:
        UserError: a file's name is not UTF-8.
    """
    root = Path(root)
    found, entered = [], set()
    for folder, folders, names in os.walk(root, followlinks=True, onerror=_raise):
        real = os.path.realpath(folder)
        folders[:] = [] if real in entered else [name for name in folders if not _is_litter(name)]
        if real in entered:  # a link back to a folder above
            continue
        entered.add(real)
        found += [(Path(folder) / name).relative_to(root).as_posix() for name in names if not _is_litter(name)]
    for path in found:
        try:
            path.encode("utf-8")
        except UnicodeEncodeError:
            shown = path.encode("utf-8", "replace").decode()
            raise UserError(f"the name of the file {shown} in {root} is not UTF-8; rename it") from None
    return sorted(found)


def _is_litter(name: str) -> bool:
    return name.startswith(".") or name.lower() in LITTER


def _raise(error: OSError) -> None:
    raise error
