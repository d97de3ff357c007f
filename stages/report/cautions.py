"""What a sceptical reader should know before believing the scores, found in the run itself."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from markupsafe import Markup

from stages.report import numbers
from stages.report.numbers import Node
from stages.report.run import Run

FEW_IMAGES = 30
BASELINES = {
    "majority": "always answering the most frequent class",
    "features": "logistic regression on the average-pooled features",
    "image_statistics": "logistic regression on grey levels and image size alone",
    "center": "a fixed spot in the middle of the image",
    "prior": "the average position of the training images' findings",
    "random": "a random map",
}


@dataclass(frozen=True)
class Caution:
    """One sentence; `serious` ones put the headline number itself in doubt."""

    level: Literal["serious", "care", "note"]
    text: Markup


def find(run: Run, evaluate: Node, localize: Node) -> list[Caution]:
    """All cautions of a run, the serious ones first."""
    found = [*_design(run), *_size(run, evaluate), *_classifier(evaluate), *_maps(run, localize), *_data(run)]
    order = ["serious", "care", "note"]
    return sorted(found, key=lambda caution: order.index(caution.level))


def _design(run: Run) -> Iterator[Caution]:
    if run.params.split.kind == "image_level_leaky":
        yield _caution(
            "serious",
            "The split is made by image, not by group (image_level_leaky): images of one patient, slide or sequence "
            "stand on both sides. These scores are too good and serve only to compare with older work.",
        )
    if run.headline != "test":
        yield _caution(
            "serious",
            "There is no test part. The scores quoted are those of the validation images, which were used for "
            "selection: expect them to be too good.",
        )
    if len(run.images) == run.images["group_id"].nunique():
        yield _caution(
            "care",
            "Each image is its own group. If a patient, slide or sequence gave several images, they may be on both "
            "sides of the split, and the scores too good; name the groups (ingest.folder) if you can.",
        )
    if run.params.source.kind == "phantom":
        yield _caution(
            "note", "The images are synthetic phantoms: they show that the pipeline works, nothing about patients."
        )
    if run.weights.get("weights") == "random":
        yield _caution("note", "The backbone's frozen weights are random, not learned from any images.")


def _size(run: Run, evaluate: Node) -> Iterator[Caution]:
    block = evaluate[run.headline]
    if block["notes"]["intervals"]:
        yield _caution("care", "No intervals are given: {}.", str(block["notes"]["intervals"]).rstrip("."))
    for name in run.classes:
        support = block["per_class"][name]["support"]
        if numbers.is_number(support) and support.value < FEW_IMAGES:
            yield _caution(
                "care",
                "Only {} {} images are labelled {}: every number about this class is rough.",
                numbers.number(support),
                run.headline,
                name,
            )


def _classifier(evaluate: Node) -> Iterator[Caution]:
    block = evaluate[str(evaluate["headline"])]
    for name in block["baselines"]:
        difference = block["baselines"][name]["difference"]["roc_auc"]
        yield from _not_better("The model", "ROC AUC", name, difference)


def _maps(run: Run, localize: Node) -> Iterator[Caution]:
    if localize["reason"]:
        yield _caution("note", "How well the maps point was not measured: {}", localize["reason"])
    for note in localize["notes"].value or []:
        yield _caution("note", "{}", note)
    chosen = localize["chosen"]
    metric = str(chosen["by"]) or run.params.localize.choose_by
    for name in localize["differences"]:
        if name in BASELINES:
            words = metric.replace("_", " ")
            yield from _not_better(f"The map {chosen['map']}", words, name, localize["differences"][name][metric])
    for each in run.maps:
        empty = [status for status in each.file.status if status != "ok"]
        if empty:
            reasons = ", ".join(sorted(set(empty))).replace("_", " ")
            yield _caution(
                "note", "{} of {} maps of {} are empty ({}).", len(empty), len(each.file.status), each.name, reasons
            )


def _data(run: Run) -> Iterator[Caution]:
    if len(run.rejected):
        share = len(run.rejected) / (len(run.rejected) + len(run.images))
        yield _caution(
            "note", "{} files ({:.1%} of the source) were left out; why is listed below.", len(run.rejected), share
        )


def _not_better(who: str, measure: str, baseline: str, difference: Node) -> Iterator[Caution]:
    """A caution where the interval of a paired difference to a baseline does not lie above zero."""
    if not numbers.is_number(difference["mean"]):
        return
    low, high = difference["low"], difference["high"]
    bounded = numbers.is_number(low)
    if bounded and low.value > 0:
        return
    worse = high.value < 0 if bounded else difference["mean"].value < 0
    yield _caution(
        "serious" if worse else "care",
        "{} is {} than {}: difference in {} {}.",
        who,
        "worse" if worse else "not clearly better",
        BASELINES.get(baseline, baseline),
        measure,
        numbers.score(difference, signed=True),
    )


def _caution(level: Literal["serious", "care", "note"], text: str, *values: object) -> Caution:
    return Caution(level, Markup(text).format(*values))
