"""The report as one static folder: index.html with its style, scripts, pictures and the model card."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import jinja2
import pandas as pd
from markupsafe import Markup

from stages.common import files
from stages.localize.metrics import METRICS
from stages.report import card, cautions, charts, describe, gallery, numbers, pictures, plots
from stages.report.numbers import Node, number, score
from stages.report.run import Run

ASSETS = Path(__file__).parent / "assets"
COPIED = ("report.css", "theme.js", "gallery.js")
SECTIONS = {
    "result": "Result",
    "trust": "Doubts",
    "scores": "Scores",
    "data": "Data",
    "maps": "Maps",
    "provenance": "Provenance",
    "gallery": "Gallery",
}
SCORES = {
    "roc_auc": "ROC AUC",
    "average_precision": "Average precision",
    "accuracy": "Accuracy",
    "balanced_accuracy": "Balanced accuracy",
    "f1_weighted": "F1, weighted",
    "f1_macro": "F1, macro",
    "precision_weighted": "Precision, weighted",
    "recall_weighted": "Recall, weighted",
    "log_loss": "Log loss",
    "brier": "Brier score",
    "ece": "Expected calibration error",
    "prevalence": "Prevalence",
}
GROUP_SCORES = ("roc_auc", "average_precision", "accuracy", "balanced_accuracy")
RULES = {"youden": "greatest sensitivity plus specificity (Youden)", "sensitivity": "the wanted sensitivity"}
THREE_DIGITS = {"log_loss", "brier", "ece"}
MOST_PAIRS = 8


def write(folder: Path, run: Run, size: gallery.Size, limit: int) -> int:
    """Write the whole report of a run into an empty folder; gives the number of images in the gallery."""
    evaluate = numbers.root(run.evaluate, "metrics/evaluate.json")
    localize = numbers.root(run.localize, "metrics/localize.json")
    shown = pictures.pictures(run, limit)
    context = {
        **_result(run, evaluate, localize),
        **_scores(run, evaluate),
        **_data(run),
        **_maps(run, localize),
        **_trust(numbers.root(run.trust, "metrics/trust.json")),
        **_shortcuts(run),
        "cautions": cautions.find(run, evaluate, localize),
        "provenance": _provenance(run),
        "params_text": describe.params_text(run),
        "rule": _rule(len(shown), run),
    }
    _write_page(folder, "report.html.j2", context)
    for image_id, path in {image for pair in context["pairs"] for image in pair.images}:
        gallery.write_thumbnail(folder, image_id, path, size)
    files.write_text(folder / "model_card.md", card.text(run, evaluate, localize))
    about = _about(run.classes, run.positive) | {"start": {"split": run.headline}}
    gallery.write(folder, shown, pictures.layers(run), size, about)
    return len(shown)


def write_gallery(
    folder: Path,
    title: str,
    shown: Sequence[gallery.Picture],
    layers: Sequence[gallery.Layer],
    positive: str,
    notes: Sequence[str] = (),
    size: gallery.Size = gallery.Size(),  # noqa: B008 -- frozen
    kind: str = "uncalibrated",
) -> None:
    """Write a page with nothing but the gallery, as `predict` shows its images.

    Args:
        folder: where index.html is written; it must exist.
        title: heading of the page.
        shown: the images; all with the same classes in `probabilities`.
        layers: the maps on offer.
        positive: the class that is the finding.
        notes: sentences to be shown above.
        size: of the pictures.
        kind: of probability: what stands behind the word.
    """
    classes = list(shown[0].probabilities) if shown else [positive]
    context = {"title": title, "sections": [], "notes": notes, "rule": f"{len(shown)} images."}
    _write_page(folder, "gallery_page.html.j2", context)
    gallery.write(folder, shown, layers, size, _about(classes, positive) | {"probability": kind})


def _write_page(folder: Path, template: str, context: Mapping[str, object]) -> None:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(ASSETS),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update(number=number, score=score, bar=_bar, has_interval=_has_interval, sentence=_sentence)
    files.write_text(folder / "index.html", environment.get_template(template).render(context) + "\n")
    for name in COPIED:
        files.write_bytes(folder / name, (ASSETS / name).read_bytes())


def _about(classes: Sequence[str], positive: str) -> dict:
    """What the gallery's script must know beside the images."""
    words = {name: metric.title for name, metric in METRICS.items()}
    return {"classes": list(classes), "positive": positive, "metrics": words, "start": {}}


def _result(run: Run, evaluate: Node, localize: Node) -> dict:
    """The head of the page: what came out, in a sentence and in tiles, and how the choice was made."""
    block = evaluate[run.headline]
    rival = _best(block["baselines"], lambda node: node["roc_auc"]["mean"])
    chosen = localize["chosen"]
    pointing = localize["splits"][str(chosen["split"])]["all"]["maps"]
    pointing_rival = _best(pointing, lambda node: node["pointing"]["mean"], among=("center", "prior", "random"))
    return {
        "title": f"lesionmap · {run.params.recipe}",
        "recipe": run.params.recipe,
        "heading": _heading(run),
        "sections": list(SECTIONS.items()),
        "evaluate": evaluate,
        "localize": localize,
        "headline": run.headline,
        "classes": run.classes,
        "positive": run.positive,
        "parts": [part for part in describe.PARTS if evaluate[part]],
        "rival": rival,
        "in_words": cautions.in_words,
        "in_short": cautions.in_short,
        "pointing": pointing,
        "pointing_rival": pointing_rival,
        "baselines": list(cautions.BASELINES),
        "tiles": _tiles(block, block["baselines"][rival], chosen, pointing[pointing_rival]),
        "split_words": _split_words(run),
        "model_words": _model_words(run),
        "rule_words": lambda rule: RULES.get(str(rule), str(rule)),
        "thresholds": _thresholds(block["operating_point"]),
    }


def _heading(run: Run) -> str:
    if len(run.classes) == 2:
        other = next(name for name in run.classes if name != run.positive)
        return f"Telling {run.positive} from {other}"
    return f"Telling {', '.join(run.classes[:-1])} and {run.classes[-1]} apart"


def _best(candidates: Node, value, among: Sequence[str] | None = None) -> str:
    """The name of the candidate with the greatest number; empty where none has one."""
    names = [name for name in candidates if among is None or name in among]
    names = [name for name in names if numbers.is_number(value(candidates[name]))]
    return max(names, key=lambda name: value(candidates[name]).value, default="")


def _tiles(block: Node, rival: Node, chosen: Node, pointing_rival: Node) -> list[dict]:
    """The headline numbers: name, score, and the number that it has to beat."""
    point = block["operating_point"]
    macro = len(list(block["per_class"])) > 2
    chance = (Node(None, ""), "mean of the classes") if macro else (block["prevalence"]["mean"], "prevalence")
    candidates = [
        ("ROC AUC", block["roc_auc"], rival["roc_auc"]["mean"], "best simple competitor"),
        ("Average precision", block["average_precision"], *chance),
        ("Sensitivity", point["sensitivity"], Node(None, ""), "at the operating point"),
        ("Specificity", point["specificity"], Node(None, ""), "at the operating point"),
        ("Balanced accuracy", block["balanced_accuracy"], rival["balanced_accuracy"]["mean"], "best simple competitor"),
        ("Pointing game", chosen["scores"]["pointing"], pointing_rival["pointing"]["mean"], "best without looking"),
    ]
    return [
        {"name": name, "score": node, "reference": reference, "beside": beside}
        for name, node, reference, beside in candidates
        if numbers.is_number(node["mean"])
    ]


def _split_words(run: Run) -> str:
    split = run.params.split
    words = {
        "grouped": "by group, stratified by class",
        "prescribed": "as the source prescribes",
        "kfold": f"{split.folds} folds by group; every image is scored by the model that did not see its group",
        "leave_one_group_out": "one group held out at a time, scored by the model that did not see it",
        "image_level_leaky": "by image, LEAKY: groups are torn apart",
    }
    return f"{words[split.kind]} (seed {split.seed})"


def _model_words(run: Run) -> str:
    params = run.params
    monitor = params.train.monitor.replace("_", " ")
    epoch = "the last epoch" if monitor == "none" else f"the epoch with the best validation {monitor}"
    refitted = ", refitted on training and validation images" if params.train.refit else ""
    return (
        f"{params.backbone.name} ({params.backbone.weights} weights) cut at {params.backbone.cut}, "
        f"head {params.head.kind}; {epoch}{refitted}"
    )


def _thresholds(point: Node) -> Markup:
    """The threshold, or the lowest and highest of the folds."""
    folds = [point["thresholds"][fold] for fold in point["thresholds"]]
    ordered = sorted((node for node in folds if numbers.is_number(node)), key=lambda node: node.value)
    if not ordered:
        return number(point["threshold"])
    return Markup("{} to {} (by fold)").format(number(ordered[0]), number(ordered[-1]))


def _scores(run: Run, evaluate: Node) -> dict:
    notes = [
        (f"{part}, {name.replace('_', ' ')}", str(evaluate[part]["notes"][name]))
        for part in describe.PARTS
        for name in evaluate[part]["notes"]
    ]
    return {
        "roc": plots.roc(run),
        "precision_recall": plots.precision_recall(run),
        "reliability": plots.reliability(run),
        "training": plots.training(run),
        "confusion": _confusion(run),
        "score_words": SCORES,
        "group_scores": GROUP_SCORES,
        "score_digits": lambda name: 3 if name in THREE_DIGITS else 2,
        "notes": notes,
    }


def _confusion(run: Run) -> list[list[dict]]:
    """Rows: labels; columns: predicted classes; of the headline part."""
    table = run.predictions[run.predictions["split"] == run.headline]
    counts = pd.crosstab(table["label"], table["predicted"])
    counts = counts.reindex(index=run.classes, columns=run.classes, fill_value=0)
    return [
        [{"count": int(cell), "share": cell / max(1, sum(row))} for cell in row] for row in counts.to_numpy().tolist()
    ]


def _data(run: Run) -> dict:
    columns, counts = describe.counts(run)
    return {
        "count_columns": columns,
        "counts": counts,
        "data_facts": describe.facts(run),
        "rejected": describe.rejected(run),
        "pairs": describe.alike(run, MOST_PAIRS),
    }


def _maps(run: Run, localize: Node) -> dict:
    """The tables of how well the maps point: all images first, then correctly predicted ones, then by finding."""
    split = localize["splits"][str(localize["chosen"]["split"])]
    if not split:
        split = next((localize["splits"][name] for name in localize["splits"]), Node(None, ""))
    candidates = [("All images with a region", split["all"]), ("Correctly predicted images", split["correct"])]
    candidates += [(f"Finding: {name}", split["findings"][name]) for name in split["findings"]]
    tables = [{"title": title, "scores": scores} for title, scores in candidates if scores["maps"]]
    measured = {name for table in tables for row in table["scores"]["maps"].value.values() for name in row}
    return {
        "map_tables": tables,
        "metrics": [name for name in METRICS if name in measured],
        "metric_words": {name: metric.title for name, metric in METRICS.items()},
        "metric_definitions": [(metric.title, metric.meaning) for name, metric in METRICS.items() if name in measured],
        "box_supervised": localize["box_supervised"].value or [],
        "differences": localize["differences"],
        "adjusted": lambda difference: score(difference, signed=True, ends=("adjusted_low", "adjusted_high")),
        "prior_pointing": lambda scores: scores["maps"]["prior"]["pointing"]["mean"],
        "layers": _layers(run),
    }


def _trust(trust: Node) -> dict:
    """The tables of whether maps are faithful to the model, and of how alike they stay when it forgets."""
    faithful, sane = trust["faithfulness"]["maps"], trust["sanity"]["maps"]
    return {
        "trust": trust,
        "faithful": faithful,
        "covers": ("blurred", "black"),
        "curves": ("insertion", "deletion"),
        "sane": sane,
        "levels": max((list(sane[name]["correlation"]) for name in sane), key=len, default=[]),
    }


def _shortcuts(run: Run) -> dict:
    """The table of what the model can tell with something hidden."""
    shortcuts = numbers.root(run.shortcuts, "metrics/shortcuts.json")
    border = f"{run.shortcuts.get('border', 0):.0%}"
    words = {
        "intact": ("the whole image", "this model"),
        "hidden": ("every region painted over from around it", "this model"),
        "elsewhere": ("something else painted over, the regions in sight", "this model"),
        "border": (f"the outermost {border} on each side alone", "this model"),
        "border_pixels": ("the same", "a logistic regression on it"),
    }
    return {"shortcuts": shortcuts, "hidden": shortcuts[run.headline], "shortcut_words": words}


def _layers(run: Run) -> list[dict]:
    return [
        {
            "name": each.name,
            "about": each.file.description,
            "part": each.file.part,
            "unit": each.file.unit,
            "policy": each.scale.get("policy", ""),
        }
        for each in run.maps
    ]


def _provenance(run: Run) -> list[tuple[str, list[tuple[str, str]]]]:
    return [
        ("Backbone weights", describe.flat(run.weights)),
        ("Model", describe.flat(run.model)),
        ("SHA-256", describe.digests(run)),
        ("What ingest found", describe.flat(run.ingest)),
        ("Installed packages", describe.versions()),
    ]


def _rule(shown: int, run: Run) -> str:
    parts = pictures.parts(run)
    available = int(run.predictions["split"].isin(parts).sum())
    words = f"{' and '.join(parts)} images"
    return (
        f"All {available:,} {words}." if shown == available else f"{shown:,} of {available:,} {words}. {pictures.RULE}"
    )


def _sentence(words: object) -> str:
    """Words with a capital and a full stop."""
    text = str(words).strip()
    return text[:1].upper() + text[1:].rstrip(".") + "." if text else ""


def _has_interval(node: Node) -> bool:
    return numbers.is_number(node["low"])


def _bar(node: Node, reference: Node | None = None) -> Markup:
    """A score's interval bar; nothing where there is no number."""
    if not numbers.is_number(node["mean"]):
        return Markup("")
    line = reference.value if reference is not None and numbers.is_number(reference) else None
    return charts.interval_bar(node["mean"].value, node["low"].value, node["high"].value, line)
