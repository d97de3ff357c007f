"""What a sceptical reader should know before believing the scores, found in the run itself."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from markupsafe import Markup

from stages.report import numbers
from stages.report.numbers import Node
from stages.report.run import Run

FEW_IMAGES = 30
BASELINES = {  # name: in a table, in a sentence
    "majority": ("majority class", "always answering the most frequent class"),
    "features": ("logistic regression on features", "logistic regression on the average-pooled features"),
    "image_statistics": ("image statistics", "logistic regression on grey levels and image size alone"),
    "center": ("center", "a fixed spot in the middle of the image"),
    "prior": ("position prior", "the average position of the training images' findings"),
    "random": ("random", "a random map"),
}


@dataclass(frozen=True)
class Caution:
    """One sentence; `serious` ones put the headline number itself in doubt."""

    level: Literal["serious", "care", "note"]
    text: Markup


def find(run: Run, evaluate: Node, localize: Node) -> list[Caution]:
    """All cautions of a run, the serious ones first."""
    found = [
        *_design(run),
        *_size(run, evaluate),
        *_classifier(evaluate),
        *_shortcuts(run),
        *_maps(run, localize),
        *_trust(run),
        *_data(run),
    ]
    order = ["serious", "care", "note"]
    return sorted(found, key=lambda caution: order.index(caution.level))


def in_words(baseline: str) -> str:
    """A baseline within a sentence."""
    return BASELINES[baseline][1] if baseline in BASELINES else baseline


def in_short(name: str) -> str:
    """A baseline in a table; any other name (a map's) as it is."""
    return BASELINES[name][0] if name in BASELINES else name


def _design(run: Run) -> Iterator[Caution]:
    if run.params.split.kind == "image_level_leaky":
        yield _caution(
            "serious",
            "The split is made by image, not by group (image_level_leaky): images of one patient, slide or sequence "
            "stand on both sides. These scores are too good and serve only to compare with older work.",
        )
    if run.headline != "test":
        refitted = " They are the first training's: the refitted model itself was not scored."
        yield _caution(
            "serious",
            "There is no test part. The scores quoted are those of the validation images, which were used for "
            f"selection: expect them to be too good.{refitted if run.params.train.refit else ''}",
        )
    if len(run.images) == run.images["group_id"].nunique():
        merged = run.split["group_id"].nunique() < len(run.split)
        yield _caution(
            "care",
            "Each image is its own group{}. If a patient, slide or sequence gave several images, they may be on both "
            "sides of the split, and the scores too good; name the groups (ingest.folder) if you can.",
            ", but for near-duplicates, which were merged" if merged else "",
        )
    parted = run.leaks[(run.leaks["kind"] != "similar") & (run.leaks["side"] != run.leaks["other_side"])]
    if len(parted):
        yield _caution(
            "serious", "{} pairs of the same or nearly the same image stand on two sides of the split.", len(parted)
        )
    if run.fetch.get("partial"):
        text = "The collection is not complete: {} of the source's images could not be had."
        yield _caution("care", text, run.fetch.get("missing", "some"))
    if run.params.source.kind == "phantom":
        yield _caution(
            "note", "The images are synthetic phantoms: they show that the pipeline works, nothing about patients."
        )
    if run.weights.get("weights") == "random" and run.params.backbone.cut != "input":
        yield _caution("note", "The backbone's frozen weights are random, not learned from any images.")


def _size(run: Run, evaluate: Node) -> Iterator[Caution]:
    block = evaluate[run.headline]
    if block["notes"]["intervals"]:
        yield _caution("care", "No intervals are given: {}.", str(block["notes"]["intervals"]).rstrip("."))
    few = [(name, block["per_class"][name]["support"]) for name in run.classes]
    few = [(name, support) for name, support in few if numbers.is_number(support) and support.value < FEW_IMAGES]
    if few:
        counted = Markup(", ").join(Markup("{} {}").format(numbers.number(support), name) for name, support in few)
        yield _caution("care", "Few {} images ({}): every number about them is rough.", run.headline, counted)


def _classifier(evaluate: Node) -> Iterator[Caution]:
    block = evaluate[str(evaluate["headline"])]
    differences = {name: block["baselines"][name]["difference"]["roc_auc"] for name in block["baselines"]}
    yield from _not_better("The model", "ROC AUC", differences)


def _shortcuts(run: Run) -> Iterator[Caution]:
    """What stage shortcuts found the model to use besides the finding."""
    block = numbers.root(run.shortcuts, "metrics/shortcuts.json")[run.headline]
    areas, above = block["roc_auc"], block["above_chance"].value or {}
    if above.get("hidden") and run.shortcuts["regions_complete"]:
        text = (
            "With every marked finding painted over, the model still tells {} images from the rest (ROC AUC {}; {} "
            "with the findings in sight): it also uses something that is not the finding.{}"
        )
        shapes = bool(block["notes"]["shapes"])
        doubt = " This may be the size and shape of what was painted over." if shapes else ""
        level = "care" if shapes else _severity(areas, "hidden")
        yield _caution(level, text, run.positive, *_two(areas, "hidden"), doubt)
    share = run.shortcuts.get("border")
    if above.get("border"):
        text = (
            "From the outermost {:.0%} on each side of the image{}, the model still tells {} images from the rest (ROC "
            "AUC {}; {} on whole images): it may have learned what differs between scanners or sites, not the finding."
        )
        hidden = ", without any marked finding" if areas["hidden"] else ", where a finding may lie, as none is marked"
        yield _caution(_severity(areas, "border"), text, share, hidden, run.positive, *_two(areas, "border"))
    elif above.get("border_pixels"):
        text = (
            "The outermost {:.0%} on each side of the images differ between the classes (ROC AUC {} for a logistic "
            "regression on them alone). This model does not show that it uses it; another one might."
        )
        yield _caution("note", text, share, numbers.score(areas["border_pixels"]))


def _severity(areas: Node, kind: str) -> Literal["serious", "care"]:
    """Serious where the model keeps half or more of what it is better than chance by."""
    mean, intact = areas[kind]["mean"].value, areas["intact"]["mean"].value
    return "serious" if mean - 0.5 >= (intact - 0.5) / 2 else "care"


def _two(areas: Node, kind: str) -> tuple[Markup, Markup]:
    return numbers.score(areas[kind]), numbers.number(areas["intact"]["mean"])


def _maps(run: Run, localize: Node) -> Iterator[Caution]:
    if localize["reason"]:
        yield _caution("note", "How well the maps point was not measured: {}", localize["reason"])
    for note in localize["notes"].value or []:
        words = str(note).replace("`", "")
        yield _caution("note", "{}", words[:1].upper() + words[1:])
    chosen = localize["chosen"]
    metric = str(chosen["by"]) or run.params.localize.choose_by
    differences = {name: localize["differences"][name][metric] for name in localize["differences"] if name in BASELINES}
    yield from _not_better(f"The map {chosen['title']}", metric.replace("_", " "), differences)
    empty = [
        (each.name, sum(status != "ok" for status in each.file.status), len(each.file.status)) for each in run.maps
    ]
    words = ", ".join(f"{count} of {total} maps of {name}" for name, count, total in empty if count)
    if words:
        yield _caution("note", "Empty maps, where the method found nothing: {}.", words)


def _trust(run: Run) -> Iterator[Caution]:
    """Maps that stage trust found to show something else than what the model looks at."""
    trust = numbers.root(run.trust, "metrics/trust.json")
    for name, found in run.trust.get("sanity", {}).get("maps", {}).items():
        if found["unchanged"]:
            text = (
                "The map {} hardly changes when the model's weights are shuffled (rank correlation {}): it shows the "
                "image more than what the model has learned."
            )
            yield _caution("care", text, name, numbers.number(trust["sanity"]["maps"][name]["everything"]))
    for name in run.trust.get("faithfulness", {}).get("maps", {}):
        curves = trust["faithfulness"]["maps"][name]["blurred"]
        worse = [curve for curve in ("insertion", "deletion") if _verdict(curves[curve]["better"]) == "serious"]
        if worse:
            text = "The map {} is worse than pixels in random order at telling what the model looks at ({})."
            yield _caution("care", text, name, " and ".join(worse))


def _data(run: Run) -> Iterator[Caution]:
    if len(run.rejected):
        share = len(run.rejected) / (len(run.rejected) + len(run.images))
        text = "{} of the source's files ({:.1%}) were left out; the reasons are under Data."
        yield _caution("note", text, len(run.rejected), share)


def _not_better(who: str, measure: str, differences: dict[str, Node]) -> Iterator[Caution]:
    """A caution for the baselines to which the interval of the paired difference does not lie above zero."""
    for level, words in (("serious", "worse"), ("care", "not clearly better")):
        found = {name: node for name, node in differences.items() if _verdict(node) == level}
        if found:
            others = Markup("; ").join(
                Markup("{} ({})").format(in_words(name), numbers.score(node, signed=True))
                for name, node in found.items()
            )
            yield _caution(level, "{} is {} than {}. In brackets: difference in {}.", who, words, others, measure)


def _verdict(difference: Node) -> str:
    """Without an interval nothing is called worse, only not better."""
    mean, low, high = difference["mean"], difference["low"], difference["high"]
    if not numbers.is_number(mean):
        return "unknown"
    if not numbers.is_number(low):
        return "better" if mean.value > 0 else "care"
    if low.value > 0:
        return "better"
    return "serious" if high.value < 0 else "care"


def _caution(level: Literal["serious", "care", "note"], text: str, *values: object) -> Caution:
    return Caution(level, Markup(text).format(*values))
