"""One image from its plan: build the patient, project, add what belongs, expose."""

import functools
from dataclasses import dataclass

import numpy as np

from stages.fetch.phantom.anatomy import Anatomy, Lungs, Pose, draw_anatomy, draw_pose
from stages.fetch.phantom.bones import bone_attenuation
from stages.fetch.phantom.detector import draw_exposure, expose
from stages.fetch.phantom.distractors import distractor_attenuation, side_marker
from stages.fetch.phantom.lesions import KINDS, Lesion, draw_lesions, lesion_attenuation, lesion_mask
from stages.fetch.phantom.materials import LUNG, SOFT
from stages.fetch.phantom.plan import ABNORMAL, Item
from stages.fetch.phantom.projection import Camera
from stages.fetch.phantom.settings import Settings
from stages.fetch.phantom.streams import Stream, generator
from stages.fetch.phantom.thorax import air_thickness, body_thickness, hila_thickness
from stages.fetch.phantom.vessels import Vessels, grow, vessel_thickness

TEXTURES = ((1.6, 0.030, 256), (5.0, 0.025, 128), (16.0, 0.03, 64))
"""Spread in mm, standard deviation, and cells a side of each layer of texture."""


@dataclass(frozen=True)
class Radiograph:
    """A rendered image and the truth about it."""

    pixels: np.ndarray
    """(size, size) uint8, bone white."""
    mask: np.ndarray | None
    """(size, size) bool, where lesions are; None for a normal patient."""
    findings: list[str]
    """Kinds of lesion of the patient, each once, in the order of `lesions.KINDS`."""


def render(settings: Settings, item: Item) -> Radiograph:
    """Render one image: a pure function of the seed, the patient, the image's number and the label, at one size."""
    lesions = patient_lesions(settings, item) if item.label == ABNORMAL else []
    return compose(settings, item, lesions)


def patient_lesions(settings: Settings, item: Item) -> list[Lesion]:
    """The lesions that a patient has, or would have if abnormal; the same in all the patient's images."""
    return list(_lesions(settings.seed, item.patient))


def compose(settings: Settings, item: Item, lesions: list[Lesion]) -> Radiograph:
    """Render one image with the given lesions: everything else is the same with and without them."""
    anatomy = _anatomy(settings.seed, item.patient)
    pose = draw_pose(_of_image(settings, item, Stream.POSE))
    lungs = Lungs(anatomy, pose.inspiration)
    camera = Camera(settings.size, pose.field, pose.yaw, pose.pitch, pose.roll, pose.shift)
    attenuation, lung = _healthy(settings, item, camera, lungs, pose)
    added = lesion_attenuation(camera, lesions, lungs, lung)
    exposure = draw_exposure(_of_image(settings, item, Stream.EXPOSURE))
    noise = generator(settings.seed, item.patient, Stream.NOISE, item.number)
    marker = side_marker(camera, _of_image(settings, item, Stream.MARKER))
    pixels = expose(camera, attenuation + added, marker, exposure, noise)
    findings = [kind for kind in KINDS if any(lesion.kind == kind for lesion in lesions)]
    return Radiograph(pixels, lesion_mask(added) if lesions else None, findings)


def _healthy(settings: Settings, item: Item, camera: Camera, lungs: Lungs, pose: Pose) -> tuple[np.ndarray, np.ndarray]:
    """Attenuation without lesions, and the length of lung along the ray in mm; both (size, size)."""
    lung, air = air_thickness(camera, lungs)
    body = body_thickness(camera, lungs.anatomy)
    lung = np.minimum(lung, body)
    sharp_bone, smooth_bone = bone_attenuation(camera, lungs, pose)
    texture = 1 + _texture(camera, _of_image(settings, item, Stream.TEXTURE))
    in_lung = np.clip(lung / 40, 0, 1)
    soft = SOFT * np.clip(body - lung - air, 0, None) + LUNG * lung * texture
    soft += (SOFT - LUNG) * hila_thickness(camera, lungs) * in_lung + smooth_bone
    vessels = _vessels(settings.seed, item.patient)
    blood = vessel_thickness(camera, vessels, lungs) * camera.resample(in_lung)
    devices = distractor_attenuation(
        camera,
        lungs,
        generator(settings.seed, item.patient, Stream.DISTRACTORS),
        _of_image(settings, item, Stream.DISTRACTORS),
    )
    attenuation = camera.resample(soft) + sharp_bone + (SOFT - LUNG) * blood + devices
    return attenuation, camera.resample(lung)


@functools.lru_cache(maxsize=1)  # a patient's images are drawn one after another
def _anatomy(seed: int, patient: int) -> Anatomy:
    return draw_anatomy(generator(seed, patient, Stream.ANATOMY))


@functools.lru_cache(maxsize=1)
def _vessels(seed: int, patient: int) -> Vessels:
    return grow(generator(seed, patient, Stream.VESSELS), _anatomy(seed, patient).vessel)


@functools.lru_cache(maxsize=1)
def _lesions(seed: int, patient: int) -> tuple[Lesion, ...]:
    lungs = Lungs(_anatomy(seed, patient), 0.0)
    return tuple(draw_lesions(generator(seed, patient, Stream.LESIONS), lungs))


def _texture(camera: Camera, random: np.random.Generator) -> np.ndarray:
    """Relative unevenness of the lung's density (coarse, coarse): vessels and septa too small to draw."""
    texture = np.zeros((camera.coarse, camera.coarse), dtype=np.float32)
    for spread, amount, cells in TEXTURES:
        white = camera.blur(random.standard_normal((cells, cells), dtype=np.float32), spread)
        texture += camera.resample(white * (amount / white.std()), camera.coarse)
    return texture


def _of_image(settings: Settings, item: Item, stream: Stream) -> np.random.Generator:
    return generator(settings.seed, item.patient, stream, item.number)
