"""What the phantom costs, and whether it gives the class away globally: `python -m benchmarks.phantom` prints JSON.

A logistic regression sees thumbnails of 16 x 16 pixels (25 mm each, as large as a nodule). Its ROC
AUC is that of five folds by patient, averaged over several phantoms; the headline is that of the best regularisation.
"""

import argparse
import json
import time

import numpy as np
from PIL import Image
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedGroupKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from stages.common.files import significant
from stages.fetch.phantom.generate import render
from stages.fetch.phantom.plan import ABNORMAL, Item, plan
from stages.fetch.phantom.settings import Settings

THUMBNAIL = 16
PENALTIES = (0.0001, 0.001, 0.01, 0.1, 1.0)
"""Inverse strengths of regularisation."""


def main() -> None:
    """Print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--patients", type=int, default=360)
    parser.add_argument("--seeds", type=int, default=3, help="number of phantoms")
    parser.add_argument("--size", type=int, default=256, help="pixels a side before averaging to thumbnails")
    arguments = parser.parse_args()
    runs = [
        global_auc(Settings(patients=arguments.patients, size=arguments.size, seed=seed))
        for seed in range(arguments.seeds)
    ]
    mean = {penalty: float(np.mean([run[penalty] for run in runs])) for penalty in PENALTIES}
    result = {
        "thumbnail_auc": significant(max(mean.values()), 4),
        "thumbnail_auc_limit": 0.65,
        "thumbnail_auc_by_penalty": {str(penalty): significant(value, 4) for penalty, value in mean.items()},
        "thumbnail_auc_by_seed": [significant(max(run.values()), 4) for run in runs],
        **speed(Settings(patients=24)),
    }
    print(json.dumps(result))


def global_auc(settings: Settings) -> dict[float, float]:
    """ROC AUC of logistic regression on thumbnails, out of fold by patient, for each regularisation."""
    items = plan(settings)
    thumbnails = np.stack([thumbnail(settings, item) for item in items])
    labels = np.array([item.label == ABNORMAL for item in items])
    patients = [item.patient for item in items]
    folds = StratifiedGroupKFold(5, shuffle=True, random_state=settings.seed)
    aucs = {}
    for penalty in PENALTIES:
        model = make_pipeline(StandardScaler(), LogisticRegression(C=penalty, max_iter=5000))
        scores = cross_val_predict(model, thumbnails, labels, groups=patients, cv=folds, method="decision_function")
        aucs[penalty] = float(roc_auc_score(labels, scores))
    return aucs


def thumbnail(settings: Settings, item: Item) -> np.ndarray:
    """A rendered image averaged to 16 x 16 and flattened (256,), grey values from 0 to 1."""
    image = Image.fromarray(render(settings, item).pixels)
    return np.asarray(image.resize((THUMBNAIL, THUMBNAIL), Image.Resampling.BOX)).ravel() / 255


def speed(settings: Settings) -> dict[str, float]:
    """Rendered images a second on one core, and processor seconds an image."""
    items = plan(settings)
    render(settings, items[0])
    wall, processor = time.perf_counter(), time.process_time()
    for item in items:
        render(settings, item)
    wall, processor = time.perf_counter() - wall, time.process_time() - processor
    return {
        "size": settings.size,
        "images": len(items),
        "images_per_second": significant(len(items) / wall, 4),
        "processor_seconds_per_image": significant(processor / len(items), 4),
    }


if __name__ == "__main__":
    main()
