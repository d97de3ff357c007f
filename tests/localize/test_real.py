"""On real boxes: the position prior's known strength."""

from pathlib import Path

import numpy as np
import pandas as pd

from stages.localize.baselines import mean_regions
from stages.localize.metrics import METRICS
from stages.localize.scores import Plan, score


def test_the_prior_points_far_above_chance_on_chest_radiographs(real_data: Path):
    folder = real_data / "nih_cxr"
    labels = pd.read_csv(folder / "labels.csv", dtype=str)
    boxes = pd.read_csv(folder / "boxes.csv").rename(columns={"path": "image_id"}).assign(kind="box", mask_path="")
    patients = sorted(set(labels["patient_id"]))
    folds = dict(zip(patients, np.random.default_rng(0).permutation(len(patients)) % 5, strict=True))
    images = pd.DataFrame({"image_id": labels["path"], "group_id": labels["patient_id"]}).assign(
        split="test", fold=labels["patient_id"].map(folds), correct=True, height=1024, width=1024, row=0
    )
    plan = Plan(
        images=images[images["image_id"].isin(boxes["image_id"])],
        regions=dict(iter(boxes.groupby("image_id"))),
        masks=folder,
        maps=[],
        priors=mean_regions(images, boxes, folder),
        several_findings=False,
        fit="stretch",
        tolerance=0.0,
        center_sigma=0.25,
    )
    scores = score(plan, 1)
    means = dict(zip(scores.names, scores.values[:, :, list(METRICS).index("pointing")].mean(axis=0), strict=True))
    assert len(scores.units) == 120
    assert 0.27 < means["prior"] < 0.37
    assert 0.05 < means["random"] < 0.10
