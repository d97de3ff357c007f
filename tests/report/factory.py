"""Made-up runs: a workspace as all stages before the report leave it, small and without training anything."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import yaml
from PIL import Image, ImageDraw

from stages.common import bootstrap, files, params, paths, tables
from stages.common.params import Params
from stages.localize import compare
from stages.localize import summary as localize_summary
from stages.localize.metrics import METRICS
from stages.report.run import EVALUATE, LOCALIZE, SHORTCUTS, TRUST
from stages.trust import measure, settings, summary

MAPS = {"gradcam": {"method": "gradcam"}, "lift": {"method": "deeplift"}}
SCORES = (
    "accuracy",
    "balanced_accuracy",
    "log_loss",
    "roc_auc",
    "average_precision",
    "prevalence",
    "f1_weighted",
    "f1_macro",
    "precision_weighted",
    "recall_weighted",
    "ece",
    "brier",
)


@dataclass(frozen=True)
class Recipe:
    """What a made-up run is like. `pictures`: a folder of real images to use instead of drawn ones."""

    n: int = 30
    classes: tuple[str, ...] = ("normal", "abnormal")
    positive: str = "abnormal"
    folds: int = 0
    regions: bool = True
    maps: tuple[str, ...] = ("gradcam", "lift")
    size: tuple[int, int] = (80, 64)  # width, height
    finding: str = "nodule"
    name: str = "image"  # of the source files
    group_size: int = 2


THREE = Recipe(classes=("normal", "benign", "malignant"), positive="malignant", folds=3, regions=False)
HOSTILE = Recipe(finding="<img src=x onerror=alert(1)></script>", name='"><script>alert(1)&amp;`${1}`')


def workspace(root: Path, recipe: Recipe = Recipe()) -> Params:
    """Write a whole made-up run below `root`; gives its parameters (also written to params.yaml)."""
    random = np.random.default_rng(0)
    settings = _params(root, recipe)
    images = _images(root, recipe)
    regions = _regions(root, recipe, images)
    split = _split(root, recipe, images)
    predictions = _predictions(root, recipe, split, random)
    _evaluate(root, recipe, predictions, random)
    if recipe.maps:
        mapped = predictions[predictions["split"] != "train"]
        for name in recipe.maps:
            _map(root, name, mapped, regions, recipe)
        _localize(root, recipe, mapped, regions, random)
        _trust(root, recipe, mapped, random)
    _shortcuts(root, recipe)
    _rest(root, recipe)
    return settings


def score(mean: float) -> dict:
    """A made-up score with an interval around it."""
    return {
        "mean": files.significant(mean),
        "low": files.significant(max(0.0, mean - 0.0734)),
        "high": files.significant(min(1.0, mean + 0.0567)),
    }


def _params(root: Path, recipe: Recipe) -> Params:
    values = {
        "recipe": "made-up",
        "source": {"kind": "folder"},
        "ingest": {
            "classes": list(recipe.classes),
            "positive_class": recipe.positive,
            "dicom_salt": "do not tell",
        },
        "split": {"kind": "kfold" if recipe.folds else "grouped", "folds": recipe.folds or 5},
        "attribute": {"maps": {name: MAPS[name] for name in recipe.maps or MAPS}},
        "compute": {"cache_dir": "/somewhere/private"},
    }
    settings = params.parse(values, "factory")
    root.mkdir(parents=True, exist_ok=True)
    (root / "params.yaml").write_text(yaml.safe_dump(settings.model_dump(mode="json"), sort_keys=False))
    return settings


def _images(root: Path, recipe: Recipe) -> pd.DataFrame:
    width, height = recipe.size
    rows = []
    (root / paths.IMAGES).mkdir(parents=True)
    for number in range(recipe.n):
        label = recipe.classes[number // recipe.group_size % len(recipe.classes)]
        image_id = f"i{number:05d}"
        image = Image.new("L", recipe.size, 60 + number % 90)
        if label != recipe.classes[0]:
            ImageDraw.Draw(image).ellipse(_box(number, recipe), fill=220)
        image.save(root / paths.IMAGES / f"{image_id}.png")
        rows.append(
            {
                "image_id": image_id,
                "path": f"{image_id}.png",
                "label": label,
                "group_id": f"g{number // recipe.group_size:05d}",
                "width": width,
                "height": height,
                "sha256": hashlib.sha256(image_id.encode()).hexdigest(),
                "phash": f"{number:016x}",
                "source_path": f"{label}/{recipe.name}{number}.png",
                "license": "CC0",
            }
        )
    table = pd.DataFrame(rows).reindex(columns=list(tables.IMAGE_COLUMNS), fill_value="")
    tables.write(root / paths.IMAGE_TABLE, table, tables.IMAGE_COLUMNS)
    return table


def _box(number: int, recipe: Recipe) -> tuple[int, int, int, int]:
    """Where the finding of an image is: left, top, right, bottom."""
    width, height = recipe.size
    left, top = width // 8 + number * 7 % (width // 2), height // 8 + number * 5 % (height // 2)
    return left, top, left + width // 5, top + height // 5


def _regions(root: Path, recipe: Recipe, images: pd.DataFrame) -> pd.DataFrame:
    (root / paths.MASKS).mkdir(parents=True)
    rows = []
    for number, image in enumerate(images.itertuples()):
        if not recipe.regions or image.label == recipe.classes[0]:
            continue
        left, top, right, bottom = _box(number, recipe)
        row = {"image_id": image.image_id, "finding": recipe.finding if number % 3 else "mass", "kind": "box"}
        row |= {"x": left, "y": top, "width": right - left, "height": bottom - top, "mask_path": ""}
        if number % 2:
            mask = Image.new("L", recipe.size)
            ImageDraw.Draw(mask).ellipse((left, top, right, bottom), fill=255)
            mask.save(root / paths.MASKS / f"{image.image_id}.png")
            row |= {"kind": "mask", "mask_path": f"{image.image_id}.png"}
        rows.append(row)
    table = pd.DataFrame(rows, columns=list(tables.REGION_COLUMNS))
    tables.write(root / paths.REGION_TABLE, table, tables.REGION_COLUMNS)
    return table


def _split(root: Path, recipe: Recipe, images: pd.DataFrame) -> pd.DataFrame:
    group = np.arange(recipe.n) // recipe.group_size
    table = images[["image_id", "group_id", "label"]].assign(split="test", fold=-1)
    if recipe.folds:
        table["fold"] = group // len(recipe.classes) % recipe.folds
    else:
        cycle = group // len(recipe.classes) % 4
        table["split"] = np.select([cycle < 1, cycle < 2], ["train", "validation"], "test")
    tables.write(root / paths.SPLIT_TABLE, table, tables.SPLIT_COLUMNS)
    return table


def _predictions(root: Path, recipe: Recipe, split: pd.DataFrame, random: np.random.Generator) -> pd.DataFrame:
    truth = np.array([recipe.classes.index(label) for label in split["label"]])
    logits = random.normal(size=(len(split), len(recipe.classes))) + 1.2 * np.eye(len(recipe.classes))[truth]
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    predicted = [recipe.classes[place] for place in probabilities.argmax(axis=1)]
    columns = dict(zip(tables.probability_columns(list(recipe.classes)), probabilities.T, strict=True))
    table = split[["image_id", "split", "fold", "label"]].assign(predicted=predicted, **columns)
    tables.write(root / paths.PREDICTIONS, table, tables.PREDICTION_COLUMNS)
    return table


def _evaluate(root: Path, recipe: Recipe, predictions: pd.DataFrame, random: np.random.Generator) -> None:
    parts = ["test"] if recipe.folds else ["train", "validation", "test"]
    blocks = {part: _block(recipe, predictions[predictions["split"] == part], part, random) for part in parts}
    files.write_json(
        root / EVALUATE,
        {
            "headline": "test",
            "positive_class": recipe.positive,
            "definitions": {
                "roc_auc": "area under the receiver operating characteristic",
                "by_group": "the mean over a group's images",
            },
            **blocks,
        },
    )
    tested = predictions[predictions["split"] == "test"]
    _csv(root, "confusion", {"actual": tested["label"], "predicted": tested["predicted"]})
    curve = np.linspace(0, 1, 30)
    _csv(root, "roc", {"false_positive_rate": curve, "true_positive_rate": curve**0.3, "threshold": 1 - curve})
    _csv(root, "precision_recall", {"recall": curve, "precision": 1 - curve**3 / 2, "threshold": curve})
    if len(recipe.classes) > 2:
        for name, x, y in (
            ("roc_by_class", "false_positive_rate", "true_positive_rate"),
            ("precision_recall_by_class", "recall", "precision"),
        ):
            whole = {"class": np.repeat(recipe.classes, 30), x: np.tile(curve, len(recipe.classes))}
            _csv(root, name, whole | {y: np.tile(curve**0.5, len(recipe.classes))})
    bins = (np.arange(8) + 0.5) / 8
    for name, observed in (("reliability", bins**1.5), ("reliability_calibrated", bins)):
        _csv(root, name, {"probability": bins, "observed": observed, "n": 4})


def _block(recipe: Recipe, rows: pd.DataFrame, part: str, random: np.random.Generator) -> dict:
    def scores() -> dict:
        return {name: score(float(random.uniform(0.6, 0.95))) for name in SCORES}

    per_class = {
        name: {
            **{each: score(float(random.uniform(0.5, 0.9))) for each in ("precision", "recall", "f1", "roc_auc")},
            "support": int((rows["label"] == name).sum()),
        }
        for name in recipe.classes
    }
    block = {"note": f"{part} (made up)", "n": len(rows), "groups": len(rows) // recipe.group_size, **scores()}
    block |= {"per_class": per_class, "notes": {"ece": "made up"}}
    if recipe.group_size > 1:
        block["by_group"] = {"n": block["groups"], **scores(), "per_class": per_class, "notes": {}}
    if part == "train":
        return block
    rates = {name: score(float(random.uniform(0.6, 0.9))) for name in ("sensitivity", "specificity", "ppv", "npv")}
    threshold = {"thresholds": {str(fold): 0.4 for fold in range(recipe.folds)}} if recipe.folds else {"threshold": 0.4}
    block["operating_point"] = {
        "rule": "youden",
        "fitted_on": "validation",
        **threshold,
        **rates,
        "true_positives": 6,
        "false_positives": 3,
        "true_negatives": 5,
        "false_negatives": 2,
    }
    block["calibrated"] = {"temperature": 1.3, **{name: score(0.21) for name in ("log_loss", "ece", "brier")}}
    block["baselines"] = {
        name: {
            "fitted_on": "train",
            "choice": "C = 0.01",
            **scores(),
            "difference": {"roc_auc": {"mean": 0.1234, "low": low, "high": 0.25}},
        }
        for name, low in (("majority", 0.06), ("features", -0.05))
    }
    return block


def _csv(root: Path, name: str, columns: dict) -> None:
    path = root / paths.PLOTS / "evaluate" / f"{name}.csv"
    files.write_text(path, pd.DataFrame(columns).to_csv(index=False, lineterminator="\n"))


def _map(root: Path, name: str, mapped: pd.DataFrame, regions: pd.DataFrame, recipe: Recipe) -> None:
    ids = sorted(mapped["image_id"])
    status = ["constant" if place == 1 else "ok" for place in range(len(ids))]
    grid = np.zeros((len(ids), 4, 4), np.float32)
    arrays = {
        "image_id": files.strings(ids),
        "maps": grid,
        "target": files.strings([recipe.positive] * len(ids)),
        "status": files.strings(status),
    }
    about = f"{name}: where the logit comes from."
    words = {"method": name, "settings": "{}", "part": "positive", "unit": "logit", "description": about}
    files.write_arrays(root / paths.MAPS / f"{name}.h5", arrays, words)

    folder = root / paths.OVERLAYS / name
    (folder / "heat").mkdir(parents=True)
    rows = []
    boxes = regions.groupby("image_id").first()
    for image_id, state in zip(ids, status, strict=True):
        heat = f"heat/{image_id}.png" if state == "ok" else ""
        if heat:
            _heat(boxes.loc[image_id] if image_id in boxes.index else None, recipe.size).save(folder / heat)
        row = {"image_id": image_id, "file": f"{image_id}.png", "base": "", "heat": heat, "status": state}
        rows.append(row | {"low": 0.0, "high": 1.25 if heat else None, "target": recipe.positive})
    files.write_text(folder / "overlays.csv", pd.DataFrame(rows).to_csv(index=False, lineterminator="\n"))
    colors = [f"#{40 + 6 * i:02x}{4 * i:02x}20{3 * i:02x}" for i in range(32)]
    scale = {"map": name, "method": name, "unit": "logit", "part": "positive", "policy": "The map's own maximum."}
    files.write_json(folder / "scale.json", scale | {"opacity": 0.5, "low": None, "high": None, "colors": colors})


def _heat(box: pd.Series | None, size: tuple[int, int]) -> Image.Image:
    """A red spot on the box, or in a corner."""
    width, height = size
    y, x = np.mgrid[:height, :width]
    center = (width / 4, height / 4) if box is None else (box.x + box.width / 2, box.y + box.height / 2)
    strength = np.exp(-((x - center[0]) ** 2 + (y - center[1]) ** 2) / (2 * (width / 9) ** 2))
    heat = np.zeros((height, width, 4), np.uint8)
    heat[..., 0] = 230
    heat[..., 1] = (140 * strength).astype(np.uint8)
    heat[..., 3] = (127 * strength).astype(np.uint8)
    return Image.fromarray(heat)


def _localize(
    root: Path, recipe: Recipe, mapped: pd.DataFrame, regions: pd.DataFrame, random: np.random.Generator
) -> None:
    names = [*recipe.maps, "center", "prior", "random"]
    marked = mapped[mapped["image_id"].isin(regions["image_id"])]
    rows = [
        {
            "image_id": row.image_id,
            "group_id": row.image_id,
            "split": row.split,
            "map": name,
            "metric": metric,
            "value": round(float(random.uniform()), 4),
            "status": "ok",
            "finding": "",
        }
        for row in marked.itertuples()
        for name in names
        for metric in METRICS
    ]
    columns = [*tables.LOCALIZATION_COLUMNS, "finding"]
    tables.write(root / paths.LOCALIZATION, pd.DataFrame(rows, columns=columns), tables.LOCALIZATION_COLUMNS)
    metrics = _localize_metrics(recipe, len(marked), names, random)
    files.write_json(root / LOCALIZE, metrics)
    values, drawn = random.uniform(size=(20, len(names))), bootstrap.resample([str(n) for n in range(20)], 50, 0)
    pairs = compare.all_pairs(values, names, drawn).assign(split="test", metric="pointing")
    for name, table in (("comparison", localize_summary.comparison_rows(metrics)), ("differences", pairs)):
        files.write_text(root / paths.PLOTS / f"localize/{name}.csv", table.to_csv(index=False, lineterminator="\n"))


def _localize_metrics(recipe: Recipe, n: int, names: list[str], random: np.random.Generator) -> dict:
    def row() -> dict:
        return {metric: score(float(random.uniform(0.2, 0.7))) | {"n": n} for metric in METRICS}

    def scores() -> dict:
        return {"n": n, "groups": n, "reason": None, "maps": {name: row() for name in names}}

    common = {
        "regions": n,
        "regions_complete": True,
        "tolerance": 0.0,
        "notes": ["made up"],
        "box_supervised": ["iou_validation", "prior"],
    }
    common["maps"] = {name: {"part": "positive", "empty": {"constant": 1}} for name in recipe.maps}
    chosen = {
        "map": recipe.maps[-1],
        "title": recipe.maps[-1],
        "by": "pointing",
        "on": "validation",
        "folds": {},
        "split": "test",
    }
    if not n:
        nothing = {"split": None, "n": 0, "groups": 0, "scores": {}, "by": None, "on": None}
        return common | {"reason": "no regions", "splits": {}, "chosen": chosen | nothing, "differences": {}}
    findings = {"mass": scores(), recipe.finding: scores()}
    return common | {
        "reason": None,
        "splits": {"test": {"all": scores(), "correct": scores(), "findings": findings}},
        "chosen": chosen | {"n": n, "groups": n, "scores": row()},
        "differences": {
            name: {
                metric: score(0.1) | {"low": -0.02, "adjusted_low": -0.05, "adjusted_high": 0.3} for metric in METRICS
            }
            for name in names[:-1]
        },
    }


def _trust(root: Path, recipe: Recipe, mapped: pd.DataFrame, random: np.random.Generator) -> None:
    """metrics/trust.json from made-up curves and correlations; of the last map it is not asked what it depends on."""
    groups = {name: name for name in mapped["image_id"][:12]}
    curves = [
        measure.Curve(image_id, name, cover, curve, *random.uniform(size=(2, 5)))
        for image_id in groups
        for name in recipe.maps
        for cover in measure.COVERS
        for curve in ("deletion", "insertion")
    ]
    asked = recipe.maps[:-1] or recipe.maps
    likeness = {name: {level: random.uniform(size=4) for level in ("head", "all")} for name in asked}
    made = summary.summarize(curves, measure.Sanity(4, likeness), groups, settings.Settings())
    files.write_json(root / TRUST, made.metrics)
    for name, table in (("faithfulness", made.curves), ("sanity", made.sanity)):
        files.write_text(root / paths.PLOTS / f"trust/{name}.csv", table.to_csv(index=False, lineterminator="\n"))


def _shortcuts(root: Path, recipe: Recipe) -> None:
    """metrics/shortcuts.json: a model that needs the finding."""
    hiding = {"hidden": score(0.52), "elsewhere": score(0.88)} if recipe.regions else {}
    areas = {"intact": score(0.91), **hiding, "border": score(0.51), "border_pixels": score(0.49)}
    block = {
        "n": 20,
        "groups": 12,
        "with_regions": 9 if recipe.regions else 0,
        "left_out": 2,
        "roc_auc": areas,
        "difference": {name: score(0.3) for name in ("hidden", "elsewhere", "border") if name in areas},
        "above_chance": {name: False for name in ("hidden", "border", "border_pixels") if name in areas},
        "notes": {} if recipe.regions else {"hidden": "nothing could be hidden: no image has a region"},
    }
    about = {"reason": None, "positive_class": recipe.positive, "border": 0.1, "regions_complete": True}
    files.write_json(root / SHORTCUTS, {**about, "validation": block, "test": block})


def _rest(root: Path, recipe: Recipe) -> None:
    rejected = pd.DataFrame(
        [{"source_path": f"normal/{recipe.name}.png", "reason": "not_an_image", "detail": "HTML"}],
        columns=list(tables.REJECTED_COLUMNS),
    )
    tables.write(root / paths.REJECTED_TABLE, rejected, tables.REJECTED_COLUMNS)
    leaks = "image_id,other_id,group_id,other_group_id,side,other_side,kind,distance,likeness\n"
    leaks += "i00001,i00012,g0,g6,train,test,similar,9,0.71\ni00002,i00003,g1,g1,train,train,near_duplicate,2,0.99\n"
    files.write_text(root / paths.LEAK_TABLE, leaks)
    files.write_json(root / paths.INGEST_SUMMARY, {"layout": "folder", "group_source": "column patient_id"})
    files.write_json(
        root / paths.WEIGHTS / "provenance.json", {"backbone": "vgg16", "weights": "imagenet", "license": "CC BY 4.0"}
    )
    files.write_json(root / paths.MODEL / "model.json", {"schema_version": 1, "design": {"backbone": "vgg16"}})
    files.write_json(root / paths.CALIBRATION, {"classes": list(recipe.classes)})
    folds = range(recipe.folds) if recipe.folds else [-1]
    history = [
        {"fold": fold, "epoch": epoch, "loss": 1 / epoch, "validation_loss": 1.2 / epoch, "best": int(epoch == 5)}
        for fold in folds
        for epoch in range(1, 6)
    ]
    table = pd.DataFrame(history).to_csv(index=False, lineterminator="\n")
    files.write_text(root / paths.PLOTS / "train" / "history.csv", table)


def metrics(root: Path) -> dict[str, dict]:
    """The metrics files of a workspace, by name."""
    names = (EVALUATE, LOCALIZE)
    return {path.as_posix(): json.loads((root / path).read_text()) for path in names if (root / path).exists()}
