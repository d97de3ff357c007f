"""From attenuation to a displayed image: scatter, blur, photon noise, and the processing of a digital radiograph."""

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from stages.fetch.phantom.projection import Camera

SCATTER_SPREAD = 45.0
"""mm on the detector; scatter is smooth."""
DETECTOR_SPREAD = 0.32
"""mm: phosphor blur of computed radiography (half the modulation at about 1.2 line pairs per mm)."""


@dataclass(frozen=True)
class Exposure:
    """How one image was taken and shown."""

    photons: float
    """Detected photons per mm2 without a patient."""
    scatter: float
    """Scatter as a part of the blurred primary; behind a grid."""
    low: float
    """Attenuation percentile that is shown black."""
    high: float
    """Attenuation percentile that is shown white."""
    contrast: float
    """Steepness of the display curve."""
    brightness: float
    edge: float
    """Weight of edge enhancement."""
    margins: tuple[float, float, float, float]
    """Unexposed by collimation at left, top, right, bottom, mm."""


def draw_exposure(random: np.random.Generator) -> Exposure:
    """An exposure and a display that occur in practice."""
    margins = np.where(random.random(4) < 0.3, random.uniform(2, 14, 4), 0.0)
    return Exposure(
        photons=float(np.exp(random.uniform(np.log(6e4), np.log(5e5)))),
        scatter=float(random.uniform(0.35, 0.9)),
        low=float(random.uniform(0.5, 3.0)),
        high=float(random.uniform(93, 99.5)),
        contrast=float(random.uniform(0.5, 1.4)),
        brightness=float(random.uniform(-0.09, 0.09)),
        edge=float(random.uniform(0.15, 0.8)),
        margins=tuple(float(margin) for margin in margins),
    )


def expose(
    camera: Camera, attenuation: np.ndarray, shield: np.ndarray, exposure: Exposure, random: np.random.Generator
) -> np.ndarray:
    """The displayed image (size, size) uint8 of an attenuation line integral (size, size): bone is white.

    Beer-Lambert for the primary beam, a wide blur of what crossed the patient for scatter, Poisson noise, then the
    logarithm. `shield` is the attenuation of what lies on the detector and stops scatter too.
    """
    primary = np.exp(-attenuation)
    crossed = camera.resample(primary * (1 - primary), -(-camera.size // 8))
    scatter = camera.resample(camera.blur(crossed, SCATTER_SPREAD))
    signal = camera.blur((primary + exposure.scatter * scatter) * np.exp(-shield), DETECTOR_SPREAD)
    pixel_photons = exposure.photons * (camera.field / camera.size) ** 2
    counts = random.poisson(signal.astype(np.float64) * pixel_photons)
    density = -np.log(np.maximum(counts, 1) / pixel_photons).astype(np.float32)
    return _display(camera, density, exposure)


def _display(camera: Camera, density: np.ndarray, exposure: Exposure) -> np.ndarray:
    coarse = camera.resample(density, -(-camera.size // 4))
    density = density + exposure.edge * (density - camera.resample(camera.blur(coarse, 9.0)))
    # As automatic windows do, look at the middle alone: not at direct exposure beside the patient.
    aside, above = camera.size // 5, camera.size // 4
    low, high = np.percentile(density[above:-aside:4, aside:-aside:4], [exposure.low, exposure.high])
    grey = 0.06 + 0.9 * (density - low) / (high - low) + exposure.brightness
    slope = exposure.contrast
    curve = (np.tanh(slope * (grey - 0.5)) / np.tanh(slope * 0.5) + 1) / 2
    exposed = _field(camera, exposure)
    return np.rint(np.clip(curve, 0, 1) * 255 * exposed).astype(np.uint8)


def _field(camera: Camera, exposure: Exposure) -> np.ndarray:
    """1 where the collimator let the beam through (size, size)."""
    left, top, right, bottom = (round(margin * camera.size / camera.field) for margin in exposure.margins)
    field = np.zeros((camera.size, camera.size), dtype=np.float32)
    field[top : camera.size - bottom, left : camera.size - right] = 1
    return ndimage.uniform_filter(field, 3, mode="nearest")
