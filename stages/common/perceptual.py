"""What an image looks like, in few numbers: to find the same image under another size, format or name.

Thumbnails are (32, 32) float32 in grey levels. Their hash quickly finds candidates for being the same image; on real
chest X-rays it comes as close for two patients as for a copy with another gamma, so `stages.split.likeness` decides.
"""

from collections.abc import Iterator

import numpy as np
from PIL import Image
from scipy import fft, ndimage

SIDE = 32
BLOCK = 512
FAR = 65  # more bits than two hashes can differ in


def thumbnail(image: Image.Image) -> np.ndarray:
    """The image in grey, averaged to (32, 32) float32; the aspect is lost. Any mode of 8, 16 or 32 bits."""
    return np.asarray(grey_levels(image).resize((SIDE, SIDE), Image.Resampling.BILINEAR), dtype=np.float32)


def grey_levels(image: Image.Image) -> Image.Image:
    """The image in grey: mode L, or F where it has more than 8 bits."""
    if image.mode.startswith("I") or image.mode == "F":
        return Image.fromarray(np.asarray(image, dtype=np.float32))  # Pillow cuts 16 bits off at 255
    return image.convert("L")


def perceptual_hash(small: np.ndarray) -> str:
    """64 bits of a thumbnail as 16 hexadecimal digits: which of its 8 x 8 lowest frequencies lie above their median.

    The pHash of Zauner 2010 ("Implementation and benchmarking of perceptual image hash functions"). Written here, as
    the ImageHash package cuts 16-bit images off at 255. A plain image gives zeros.
    """
    frequencies = fft.dctn(small.astype(np.float64), norm="ortho")[:8, :8].ravel()
    above = frequencies > np.median(frequencies[1:])
    if np.ptp(small) == 0:
        above[:] = False
    return np.packbits(above).tobytes().hex()


def detail(small: np.ndarray, blur: float = 2) -> np.ndarray:
    """A thumbnail (h, w) without shading coarser than `blur` pixels, of mean 0 and norm 1; all 0 if it is plain."""
    fine = small - ndimage.gaussian_filter(small, blur, mode="nearest")
    fine -= fine.mean()
    norm = np.linalg.norm(fine)
    return fine / norm if norm > 1e-3 else np.zeros_like(fine)


def close_pairs(hashes: list[str], distance: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """All pairs of hashes that differ in at most `distance` bits: first index, second index (larger), bits."""
    found = [_pairs_where(apart <= distance, start, apart) for start, apart in _blocks(hashes)]
    return _joined(found)


def nearest_pairs(hashes: list[str], sides: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The `count` pairs with the fewest different bits among those on different `sides` (n): as `close_pairs`."""
    nearest = _joined([])
    for start, apart in _blocks(hashes):
        across = sides[start : start + len(apart), None] != sides[None, :]
        bits = np.bincount(apart[across & (apart < FAR)], minlength=FAR).cumsum()
        found = _pairs_where(across & (apart <= np.searchsorted(bits, count)), start, apart)
        nearest = _joined([nearest, found])
        order = np.lexsort((nearest[1], nearest[0], nearest[2]))[:count]
        nearest = tuple(values[order] for values in nearest)
    return nearest


def _blocks(hashes: list[str]) -> Iterator[tuple[int, np.ndarray]]:
    """Blocks of rows of the matrix of distances, from which row on; FAR where a pair would be counted twice."""
    bits = np.array([int(text, 16) for text in hashes], dtype=np.uint64)
    for start in range(0, len(bits), BLOCK):
        block = bits[start : start + BLOCK]
        apart = np.bitwise_count(block[:, None] ^ bits[None, :]).astype(np.int64)
        apart[np.arange(len(bits)) <= np.arange(start, start + len(block))[:, None]] = FAR
        yield start, apart


def _pairs_where(chosen: np.ndarray, start: int, apart: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    first, second = np.nonzero(chosen & (apart < FAR))
    return first + start, second, apart[first, second]


def _joined(found: list[tuple[np.ndarray, ...]]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    empty = (np.zeros(0, dtype=np.int64),) * 3
    return tuple(np.concatenate(values) for values in zip(empty, *found, strict=True))
