"""Rendered radiographs: the same every time, lesions where the masks say, no class told by the whole."""

import dataclasses
from concurrent.futures import ProcessPoolExecutor
from functools import lru_cache, partial
from multiprocessing import get_context

import numpy as np
import pytest
from PIL import Image
from scipy import ndimage
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import GroupKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from stages.fetch.phantom.anatomy import Lungs, draw_anatomy
from stages.fetch.phantom.generate import compose, patient_lesions, render
from stages.fetch.phantom.lesions import COUNTS, DIAMETERS, KINDS, VISIBLE, draw_lesions, lesion_attenuation
from stages.fetch.phantom.plan import plan
from stages.fetch.phantom.projection import Camera
from stages.fetch.phantom.settings import Settings

SETTINGS = Settings(patients=24, size=128)


@lru_cache(maxsize=1)
def radiographs():
    return [(item, render(SETTINGS, item)) for item in plan(SETTINGS)]


def abnormal():
    return [(item, image) for item, image in radiographs() if item.label == "abnormal"]


def test_shapes_types_and_truth():
    for item, image in radiographs():
        assert image.pixels.shape == (128, 128)
        assert image.pixels.dtype == np.uint8
        assert np.ptp(image.pixels) > 150
        if item.label == "normal":
            assert image.mask is None
            assert image.findings == []
        else:
            assert image.mask.shape == (128, 128)
            assert image.mask.dtype == bool
            assert image.findings
            assert image.findings == [kind for kind in KINDS if kind in image.findings]


def test_the_same_bytes_in_any_order_process_and_company():
    items = plan(SETTINGS)[:5]
    other = Settings(patients=300, size=128)
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        elsewhere = list(pool.map(partial(render, other), reversed(items)))
    for (_, here), there in zip(radiographs()[:5], reversed(elsewhere), strict=True):
        assert here.pixels.tobytes() == there.pixels.tobytes()
        assert (here.mask is None) == (there.mask is None)
        assert here.mask is None or np.array_equal(here.mask, there.mask)


def test_the_phantom_is_frozen():
    """Scores of models are only comparable while the phantom stays as it was before the first model saw it."""
    image = radiographs()[0][1]
    expected = [[11, 37, 36, 11], [139, 120, 125, 128], [109, 117, 143, 96], [191, 254, 250, 181]]
    np.testing.assert_allclose(image.pixels.reshape(4, 32, 4, 32).mean(axis=(1, 3)), expected, atol=1.5)
    assert image.findings == ["nodule"]
    assert abs(int(image.mask.sum()) - 34) <= 2


def test_images_patients_and_seeds_differ():
    first, second = next((a, b) for a, b in zip(plan(SETTINGS), plan(SETTINGS)[1:], strict=False) if b.number == 2)
    pictures = [
        render(SETTINGS, first),
        render(SETTINGS, second),
        render(Settings(patients=24, size=128, seed=1), first),
    ]
    for i, j in ((0, 1), (0, 2), (1, 2)):
        assert np.abs(pictures[i].pixels.astype(int) - pictures[j].pixels).mean() > 3


@pytest.mark.parametrize("size", [64, 95, 300])
def test_the_size_does_not_change_the_patient(size):
    item = plan(SETTINGS)[0]
    image = render(Settings(patients=24, size=size), item).pixels
    assert image.shape == (size, size)
    small = [
        np.asarray(Image.fromarray(picture).resize((32, 32), Image.Resampling.BOX), dtype=float)
        for picture in (image, radiographs()[0][1].pixels)
    ]
    assert np.corrcoef(small[0].ravel(), small[1].ravel())[0, 1] > 0.99


def test_every_lesion_can_be_seen_and_is_brighter_than_without():
    for item, image in abnormal():
        assert 0.0005 < image.mask.mean() < 0.25
        healthy = compose(SETTINGS, item, []).pixels.astype(float)
        brighter = image.pixels - healthy
        away = ~ndimage.binary_dilation(image.mask, iterations=6)
        assert brighter[image.mask].mean() - brighter[away].mean() > 2
        assert np.abs(np.median(brighter[away])) < 8


def test_a_patients_lesions_are_the_same_in_all_images():
    by_patient = {}
    for item, image in abnormal():
        by_patient.setdefault(item.patient_id, []).append(image.findings)
    assert all(findings == group[0] for group in by_patient.values() for findings in group)
    assert patient_lesions(SETTINGS, plan(SETTINGS)[0]) == patient_lesions(SETTINGS, plan(SETTINGS)[0])


def test_a_normal_patient_is_the_abnormal_one_without_lesions():
    item, _ = abnormal()[0]
    healthy = render(SETTINGS, dataclasses.replace(item, label="normal"))
    assert np.array_equal(healthy.pixels, compose(SETTINGS, item, []).pixels)


def test_the_heart_points_to_the_images_right():
    mean = np.mean([image.pixels for _, image in radiographs()], axis=0)
    level = mean[70:85]
    assert level[:, 76:90].mean() > level[:, 38:52].mean() + 10


def test_lesions_keep_to_their_sizes_and_kinds():
    random = np.random.default_rng(0)
    lungs = Lungs(draw_anatomy(random), 0.0)
    groups = [draw_lesions(random, lungs) for _ in range(60)]
    assert {len(group) for group in groups} == set(range(1, len(COUNTS) + 1))
    lesions = [lesion for group in groups for lesion in group]
    assert {lesion.kind for lesion in lesions} == set(KINDS)
    for lesion in lesions:
        low, high = DIAMETERS[lesion.kind]
        assert low <= lesion.diameter <= high


def test_attenuation_is_that_of_tissue_instead_of_lung():
    camera, lungs = Camera(256, 400.0), Lungs(draw_anatomy(np.random.default_rng(0)), 0.0)
    lesion = next(
        lesion
        for seed in range(50)
        for lesion in draw_lesions(np.random.default_rng(seed), lungs)
        if lesion.kind == "nodule"
    )
    deep = np.full((256, 256), 150.0, dtype=np.float32)
    added = lesion_attenuation(camera, [lesion], lungs, deep)
    assert added.max() == pytest.approx(lesion.diameter * 0.0154, rel=0.25)
    area = (added >= VISIBLE).sum() * (400 / 256) ** 2
    assert area == pytest.approx(np.pi / 4 * lesion.diameter**2 * 1.09**2, rel=0.35)
    assert not lesion_attenuation(camera, [lesion], lungs, np.zeros_like(deep)).any()


def test_thumbnails_do_not_give_the_class_away():
    settings = Settings(patients=60, size=64)
    items = plan(settings)
    images = [Image.fromarray(render(settings, item).pixels) for item in items]
    thumbnails = np.stack([np.asarray(image.resize((16, 16), Image.Resampling.BOX)).ravel() for image in images]) / 255
    labels = np.array([item.label == "abnormal" for item in items])
    patients = [item.patient for item in items]
    assert auc(thumbnails, labels, patients) <= 0.7
    assert auc(thumbnails + 0.1 * labels[:, None], labels, patients) > 0.9


def auc(thumbnails, labels, patients):
    model = make_pipeline(StandardScaler(), LogisticRegression(C=0.01, max_iter=2000))
    scores = cross_val_predict(model, thumbnails, labels, groups=patients, cv=GroupKFold(5), method="decision_function")
    return roc_auc_score(labels, scores)
