"""What several sections of params.yaml must agree on, checked before any work."""

from typing import TYPE_CHECKING

from stages.models.backbones import BACKBONES, INPUT

if TYPE_CHECKING:
    from stages.common.params import Params


BASELINES = ("center", "prior", "random")  # names of stages.localize.baselines in its tables


def problems(params: "Params") -> list[str]:
    """What does not fit, each in one sentence that names the keys; empty when all is well."""
    checks = (_cut, _input_size, _weights, _loss, _classes, _maps)
    return [problem for check in checks for problem in check(params)]


def _cut(params: "Params") -> list[str]:
    backbone = params.backbone
    layers = BACKBONES[backbone.name].LAYERS
    found = []
    if backbone.cut not in (INPUT, *layers):
        found.append(
            f"`backbone.cut`: {backbone.name} has no layer `{backbone.cut}`; it has: {', '.join((INPUT, *layers))}"
        )
    if backbone.end is not None and backbone.end not in layers:
        found.append(f"`backbone.end`: {backbone.name} has no layer `{backbone.end}`; it has: {', '.join(layers)}")
    ends_early = (
        not found
        and backbone.cut != INPUT
        and backbone.end is not None
        and layers.index(backbone.end) < layers.index(backbone.cut)
    )
    if ends_early:
        found.append(f"`backbone.end`: `{backbone.end}` comes before the cut `{backbone.cut}`; end at the cut or later")
    return found


def _input_size(params: "Params") -> list[str]:
    least = BACKBONES[params.backbone.name].SMALLEST_INPUT
    if min(params.image.height, params.image.width) < least:
        return [f"`image.height` and `image.width` must be at least {least} for {params.backbone.name}"]
    return []


def _weights(params: "Params") -> list[str]:
    if params.backbone.weights == "file" and params.backbone.weights_file is None:
        return ["`backbone.weights_file` must name a file when `backbone.weights` is file"]
    if params.backbone.weights == "random" and params.backbone.weights_file is not None:
        return ["`backbone.weights_file` is set, but `backbone.weights` is random; set it to null, or weights to file"]
    return []


def _loss(params: "Params") -> list[str]:
    if params.train.loss == "sigmoid" and len(params.ingest.classes) != 2:
        return [
            f"`train.loss`: sigmoid is for two classes, `ingest.classes` has {len(params.ingest.classes)}; use softmax"
        ]
    return []


def _classes(params: "Params") -> list[str]:
    ingest = params.ingest
    if ingest.positive_class not in ingest.classes:
        return [
            f"`ingest.positive_class`: {ingest.positive_class!r} is not among `ingest.classes`: "
            f"{', '.join(ingest.classes)}"
        ]
    return []


def _maps(params: "Params") -> list[str]:
    from stages.attribute.methods import METHODS
    from stages.localize.baselines import BASELINES

    found = [
        f"`attribute.maps.{name}`: this is the name of a baseline; choose another"
        for name in BASELINES
        if name in params.attribute.maps
    ]
    for name, settings in params.attribute.maps.items():
        at = f"attribute.maps.{name}"
        found += [f"`{at}`: {problem}" for problem in METHODS[settings.method].problems(settings, params)]
        for key in ("target", "contrast"):
            value = getattr(settings, key)
            if value is not None and value.startswith("class:") and value[6:] not in params.ingest.classes:
                found.append(
                    f"`{at}.{key}`: {value[6:]!r} is not among `ingest.classes`: {', '.join(params.ingest.classes)}"
                )
    return found
