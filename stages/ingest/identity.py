"""Names for images: safe in file names, unique, and the same whatever other images there are."""

import hashlib
import hmac
import re
from collections import Counter
from pathlib import PurePosixPath

LONGEST = 100
SAFE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
SEPARATOR = "__"


def image_ids(source_paths: list[str]) -> list[str]:
    """`benign/benign_001.png` becomes `benign__benign_001`.

    What is not a letter, digit, `.`, `_` or `-` becomes `-`; a path that is changed so, or is long, gets 8 hexadecimal
    digits of its own hash. Paths that differ only in suffix or case get it too: the one way in which an image's name
    depends on others.
    """
    plain = [_plain_id(path) for path in source_paths]
    count = Counter(name.lower() for name in plain)
    both = zip(plain, source_paths, strict=True)
    return [name if count[name.lower()] == 1 else _marked(name, path) for name, path in both]


def patient_group(patient_id: str, salt: str) -> str:
    """A DICOM patient id as a group name that does not tell it: HMAC-SHA-256 with the salt, 16 hexadecimal digits."""
    return "patient-" + hmac.new(salt.encode(), patient_id.encode(), hashlib.sha256).hexdigest()[:16]


def _plain_id(path: str) -> str:
    parts = PurePosixPath(path).with_suffix("").parts
    name = SEPARATOR.join(parts)
    is_told_apart = all(SAFE.fullmatch(part) and SEPARATOR not in part for part in parts)
    return name if is_told_apart and len(name) <= LONGEST else _marked(name, path)


def _marked(name: str, path: str) -> str:
    clean = re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-._")[:LONGEST].rstrip("-._")
    return f"{clean or 'image'}-{hashlib.sha256(path.encode()).hexdigest()[:8]}"
