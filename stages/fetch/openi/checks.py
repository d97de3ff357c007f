"""What an answer or a file must be before it takes its name."""

import io
import json
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, UnidentifiedImageError

from stages.common.errors import UserError
from stages.fetch.openi import records
from stages.fetch.openi.client import Answer, RefusedError

PNG_START = b"\x89PNG\r\n\x1a\n"
PNG_END = b"IEND\xaeB`\x82"
SHORTEST_SIDE, LONGEST_SIDE = 32, 8192  # pixels
MOST_IN_A_PAGE = 1000  # items


@dataclass(frozen=True)
class Page:
    """A search answer, read."""

    total: int  # images in the whole listing, as this answer states it
    rows: list[tuple[records.Image, records.Report]]


def search(answer: Answer, image_size: int) -> Page:
    """A search answer, all of whose items can be read.

    Raises:
        RefusedError: it is something else.
    """
    try:
        envelope = json.loads(answer.body.decode("utf-8"))
    except ValueError:
        raise RefusedError("not_json", "an answer that is no JSON") from None
    if not isinstance(envelope, dict):
        raise RefusedError("schema", "an answer that is no JSON object")
    if "Query-Error" in envelope:
        raise RefusedError("query_error", f"the search was refused: {envelope['Query-Error']}")
    total, items = envelope.get("total"), envelope.get("list")
    if not isinstance(total, int) or not isinstance(items, list) or len(items) > MOST_IN_A_PAGE:
        raise RefusedError("schema", "a search answer without `total` and `list`")
    try:
        return Page(total, [records.from_item(item, image_size) for item in items])
    except ValueError as error:
        raise RefusedError("schema", str(error)) from None


def image_answer(answer: Answer, image_size: int) -> tuple[bytes, tuple[int, int]]:
    """The bytes of a whole PNG picture of about the size that was asked for; its width and height.

    Raises:
        RefusedError: it is something else.
    """
    if not answer.content_type.startswith("image/") and not answer.content_type.endswith("/octet-stream"):
        raise RefusedError("content_type", f"{answer.content_type or 'nothing'} instead of image/png")
    try:
        width, height = png(answer.body)
    except ValueError as error:
        raise RefusedError("bad_image", str(error)) from None
    if not image_size / 4 <= max(width, height) <= image_size * 4:
        raise RefusedError("bad_size", f"a picture of {width}x{height} pixels")
    return answer.body, (width, height)


def png(content: bytes) -> tuple[int, int]:
    """Width and height of a PNG that is whole: beginning, end, checksums and every pixel.

    Raises:
        ValueError: it is not.
    """
    if not content.startswith(PNG_START):
        raise ValueError("not a PNG")
    if not content.endswith(PNG_END):
        raise ValueError("a PNG that breaks off or has something behind its end")
    try:
        with Image.open(io.BytesIO(content), formats=["PNG"]) as image:
            width, height = image.size
            if not SHORTEST_SIDE <= min(width, height) <= max(width, height) <= LONGEST_SIDE:
                raise ValueError(f"a picture of {width}x{height} pixels")
            image.verify()
        with Image.open(io.BytesIO(content), formats=["PNG"]) as image:
            image.load()
    except (UnidentifiedImageError, OSError, SyntaxError, EOFError, Image.DecompressionBombError) as error:
        raise ValueError(f"a PNG that cannot be decoded ({error})") from None
    return width, height


def dicom(content: bytes) -> tuple[int, int]:
    """Columns and rows of a DICOM image whose every pixel can be decoded.

    Raises:
        ValueError: it is something else.
    """
    import pydicom

    if content[128:132] != b"DICM":
        raise ValueError("not a DICOM file")
    try:
        pixels = pydicom.dcmread(io.BytesIO(content)).pixel_array
    except Exception as error:  # pydicom raises whatever the broken file makes it do
        raise ValueError(f"a DICOM file that cannot be decoded ({error})") from None
    if pixels.ndim not in (2, 3) or not SHORTEST_SIDE <= min(pixels.shape[:2]) <= max(pixels.shape[:2]) <= LONGEST_SIDE:
        raise ValueError(f"a picture of shape {pixels.shape}")
    return pixels.shape[1], pixels.shape[0]


def file(path: Path) -> tuple[int, int]:
    """Width and height of an image file on disk, by the rules above.

    Raises:
        ValueError: it is not whole.
        UserError: a suffix that is never written.
    """
    content = Path(path).read_bytes()
    match Path(path).suffix:
        case ".png":
            return png(content)
        case ".dcm":
            return dicom(content)
    raise UserError(f"{path} is neither .png nor .dcm")
