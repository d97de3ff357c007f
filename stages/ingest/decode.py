"""An image file of any kind as upright grey or RGB pixels without anything about the patient."""

import io
import struct

import numpy as np
from PIL import Image, ImageOps

from stages.ingest import dicom
from stages.ingest.listing import UnfitError
from stages.ingest.picture import DEEP, Picture, damaged, stretch

FORMATS = ("PNG", "JPEG", "TIFF", "BMP", "GIF", "WEBP")
SIGNATURES = (b"\x89PNG", b"\xff\xd8\xff", b"II*\0", b"MM\0*", b"BM", b"GIF8", b"RIFF")
PLAIN_CHUNKS = frozenset((b"IHDR", b"IDAT", b"IEND", b"pHYs", b"gAMA", b"cHRM", b"sRGB", b"sBIT"))
PLAIN_PNG = frozenset(((8, 0), (8, 2), (16, 0)))  # bits and colour type: grey, RGB, 16-bit grey


def decode(content: bytes) -> Picture:
    """Decode the bytes of an image file whole.

    Alpha lies over black, palettes and CMYK become RGB. Numbers that are not 8 or 16 bits are stretched from their
    smallest to their largest over 16 bits. DICOM: see `dicom.decode`.

    Raises:
        UnfitError: unreadable, not_an_image or multi_frame.
    """
    if dicom.is_dicom(content):
        return dicom.decode(content)
    try:
        return _decode(content)
    except UnfitError:
        raise
    except Image.UnidentifiedImageError:
        raise _unidentified(content) from None
    except Image.DecompressionBombError:
        raise UnfitError("unreadable", f"more than {2 * Image.MAX_IMAGE_PIXELS:,} pixels") from None
    except Exception as error:  # Pillow raises almost anything for a damaged file
        raise damaged(error) from None


def encode(content: bytes, picture: Picture) -> tuple[bytes, str]:
    """The bytes and suffix of the file to store: as it came where it is plain, else a PNG without metadata."""
    if picture.is_plain:
        return content, ".png" if content.startswith(b"\x89PNG") else ".jpg"
    stored = io.BytesIO()
    bare = Image.frombytes(picture.image.mode, picture.image.size, picture.image.tobytes())  # leaves `info` behind
    bare.save(stored, "PNG")
    return stored.getvalue(), ".png"


def _decode(content: bytes) -> Picture:
    with Image.open(io.BytesIO(content), formats=FORMATS) as image:
        if image.format == "PNG":
            image.verify()  # the checksums of all chunks; the image must be opened again after it
    with Image.open(io.BytesIO(content), formats=FORMATS) as image:
        frames = getattr(image, "n_frames", 1)
        if frames > 1:
            raise UnfitError("multi_frame", f"{frames} frames")
        image.load()
        is_plain = _is_plain(content, image)
        return Picture(_flat(ImageOps.exif_transpose(image)), is_plain)


def _is_plain(content: bytes, image: Image.Image) -> bool:
    if image.format == "PNG":
        return _is_plain_png(content)
    if image.format == "JPEG":
        is_bare = content.endswith(b"\xff\xd9") and all(map(_is_plain_segment, image.applist))
        return is_bare and image.mode in ("L", "RGB")
    return False


def _is_plain_png(content: bytes) -> bool:
    """Only pixels: no text, profile, EXIF, palette or transparency, and nothing behind the end."""
    at, kinds = 8, []
    while at + 8 <= len(content):
        length, kind = struct.unpack(">I4s", content[at : at + 8])
        kinds.append(kind)
        at += 12 + length
    bits, colour = content[24], content[25]
    return (bits, colour) in PLAIN_PNG and set(kinds) <= PLAIN_CHUNKS and kinds[-1] == b"IEND" and at == len(content)


def _is_plain_segment(segment: tuple[str, bytes]) -> bool:
    """A JFIF header without thumbnail, or Adobe's note of the colour transform."""
    name, data = segment
    return (name == "APP0" and data.startswith(b"JFIF\0") and len(data) <= 14) or (
        name == "APP14" and data.startswith(b"Adobe") and len(data) <= 12
    )


def _flat(image: Image.Image) -> Image.Image:
    """One of the modes L, RGB, I;16."""
    if image.mode in ("F", "I") or image.mode.startswith("I;16"):
        return _deep(np.asarray(image))
    if image.has_transparency_data:
        black = Image.new("RGBA", image.size, (0, 0, 0, 255))
        flat = Image.alpha_composite(black, image.convert("RGBA")).convert("RGB")
        return flat.convert("L") if image.mode in ("L", "LA", "La", "1") else flat
    if image.mode in ("L", "RGB"):
        return image
    return image.convert("L" if image.mode == "1" else "RGB")


def _deep(values: np.ndarray) -> Image.Image:
    """Grey levels as 16 bits: as they are where they fit, else stretched."""
    if not np.isfinite(values).all():
        raise UnfitError("unreadable", "some pixels are not finite numbers")
    fits = np.issubdtype(values.dtype, np.integer) and values.min() >= 0 and values.max() <= DEEP
    return Image.fromarray((values if fits else stretch(values, values.min(), values.max(), DEEP)).astype(np.uint16))


def _unidentified(content: bytes) -> UnfitError:
    """What a file is that no decoder knows."""
    start = content[:512].lstrip().lower()
    if not content:
        return UnfitError("unreadable", "the file is empty")
    if start.startswith((b"<!doctype html", b"<html", b"<head", b"<body")) or b"<html" in start:
        return UnfitError("not_an_image", "an HTML page")
    if content.startswith(SIGNATURES):
        return UnfitError("unreadable", "damaged at its start")
    return UnfitError("not_an_image", "neither PNG, JPEG, TIFF, BMP, GIF, WebP nor DICOM")
