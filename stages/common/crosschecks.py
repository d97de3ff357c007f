"""What several sections of params.yaml must agree on, checked before any work."""

from typing import TYPE_CHECKING

from stages.models.backbones import BACKBONES, INPUT

if TYPE_CHECKING:
    from stages.common.params import Params


def problems(params: "Params") -> list[str]:
    """What does not fit, each in one sentence that names the keys; empty when all is well."""
    checks = (
        _architecture,
        _cut,
        _frozen,
        _tiles,
        _masks,
        _input_size,
        _weights,
        _statistics,
        _background,
        _border,
        _drop_block,
        _augment,
        _brightness,
        _loss,
        _monitor,
        _classes,
        _views,
        _mosaic,
        _explained,
    )
    return [problem for check in (*checks, _maps) for problem in check(params)]


def _architecture(params: "Params") -> list[str]:
    backbone = params.backbone
    module = BACKBONES[backbone.name]
    least, most = module.DEPTHS
    found = []
    if backbone.widths is not None and not least <= len(backbone.widths) <= most:
        wanted = str(least) if least == most else f"{least} to {most}"
        found.append(
            f"`backbone.widths`: {backbone.name} has {wanted} blocks, each with its width; "
            f"{len(backbone.widths)} are given"
        )
    if backbone.output_stride not in (None, *module.STRIDES):
        allowed = ", ".join(["null", *map(str, module.STRIDES)])
        found.append(f"`backbone.output_stride`: {backbone.name} allows {allowed}; this is {backbone.output_stride}")
    return found


def _cut(params: "Params") -> list[str]:
    backbone = params.backbone
    if _architecture(params):
        return []
    layers = BACKBONES[backbone.name].layer_names(backbone)
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


def _frozen(params: "Params") -> list[str]:
    """What the frozen layers alone can do."""
    backbone, found = params.backbone, []
    if _cut(params):
        return []
    layers = BACKBONES[backbone.name].layer_names(backbone)
    if backbone.hypercolumn and backbone.cut != (backbone.end or layers[-1]):
        found.append(
            "`backbone.hypercolumn` needs a frozen backbone: set `backbone.end` to the layer of `backbone.cut`"
        )
    elif backbone.hypercolumn:
        earlier = layers[: layers.index(backbone.cut)]
        found += [
            f"`backbone.hypercolumn`: `{name}` is no layer before the cut; these are: {', '.join(earlier)}"
            for name in backbone.hypercolumn
            if name not in earlier
        ]
        if len(set(backbone.hypercolumn)) < len(backbone.hypercolumn):
            found.append("`backbone.hypercolumn` names a layer twice; once is enough")
    if backbone.views != "one" and backbone.cut == INPUT and backbone.name != "background_cnn":
        found.append("`backbone.views` turns what frozen layers see; with `backbone.cut: input` use `train.augment`")
    if backbone.views == "dihedral" and params.image.seen[0] != params.image.seen[1]:
        found.append("`backbone.views`: dihedral needs a square input; make height and width equal, or use flips")
    return found


def _masks(params: "Params") -> list[str]:
    if params.head.kind == "attention":
        return []
    found = []
    if params.image.fit == "native":
        found.append("`image.fit`: native needs `head.kind: attention`, as other heads want images of one size")
    if params.image.tiles.background is not None:
        found.append("`image.tiles.background` needs `head.kind: attention`, as other heads want all tiles")
    return found


def _tiles(params: "Params") -> list[str]:
    tiles, tiling = params.image.tiles, params.image.tiling
    if tiling is None:
        given = [name for name in ("stride", "background") if getattr(tiles, name) is not None]
        return [f"`image.tiles.{name}` is set, but there are no tiles; set `image.tiles.size`" for name in given]
    if tiles.background is not None and params.image.normalize:
        return ["`image.tiles.background` knows glass by its white, which `image.normalize` changes; leave one out"]
    if tiling.count == 0:
        return [f"`image.tiles.size`: no tile of {tiling.side} pixels fits into {params.image.size}; make it smaller"]
    return []


def _input_size(params: "Params") -> list[str]:
    least = BACKBONES[params.backbone.name].smallest_input(params.backbone)
    if min(params.image.seen) < least:
        keys = "`image.height` and `image.width`" if params.image.tiling is None else "`image.tiles.size`"
        return [f"{keys} must be at least {least} for {params.backbone.name}"]
    return []


def _statistics(params: "Params") -> list[str]:
    backbone = params.backbone
    untrained = backbone.weights == "random" and backbone.cut == INPUT
    if BACKBONES[backbone.name].BATCH_NORMALIZED and untrained and not backbone.train_statistics:
        return [f"`backbone.train_statistics` must be true to train {backbone.name} from random weights"]
    return []


def _background(params: "Params") -> list[str]:
    backbone = params.backbone
    if backbone.name != "background_cnn":
        given = backbone.components is not None
        return ["`backbone.components` is for background_cnn; set it to null"] if given else []
    if backbone.cut != INPUT or params.image.tiling is not None or params.image.fit == "native":
        return [
            "background_cnn learns the background from whole images of one size: set `backbone.cut: input`, no tiles, "
            "and another `image.fit` than native"
        ]
    if params.image.height % 2 or params.image.width % 2:
        return ["`image.height` and `image.width` must be even with background_cnn, which halves the grid"]
    if params.train.augment.brightness:
        return ["`train.augment.brightness` must be 0 with background_cnn: what its background leaves has no white"]
    return []


def _border(params: "Params") -> list[str]:
    if params.head.border and (params.head.kind == "attention" or params.image.tiling is not None):
        return ["`head.border` must be 0 with tiles and with `head.kind: attention`, whose bags have no rim"]
    return []


def _drop_block(params: "Params") -> list[str]:
    if params.train.drop_block.at("head") and params.head.kind == "gem":
        return ["`train.drop_block.place`: gem has pooled its map already; use backbone, or `head.gem.dropout`"]
    if params.train.drop_block.at("head") and params.image.tiling is not None and params.head.kind == "attention":
        return ["`train.drop_block.place`: a bag of tiles is no map; use backbone, or no tiles"]
    return []


def _augment(params: "Params") -> list[str]:
    if params.train.augment.active and params.backbone.cut != INPUT:
        return [
            "`train.augment` changes pixels, but training sees the kept features of "
            f"`backbone.cut: {params.backbone.cut}`; set the cut to input, or the augmentation back to none"
        ]
    return []


def _brightness(params: "Params") -> list[str]:
    if params.train.augment.brightness and params.head.kind == "attention" and params.image.masked:
        return [
            "`train.augment.brightness` must be 0 where `image.fit: native` or `image.tiles.background` tells absent "
            "instances by their black or white"
        ]
    return []


def _weights(params: "Params") -> list[str]:
    backbone = params.backbone
    if backbone.weights == "imagenet" and BACKBONES[backbone.name].PUBLISHED is None:
        return [f"`backbone.weights`: there are no published weights of {backbone.name}; use random, or file"]
    if backbone.weights == "imagenet" and backbone.widths is not None:
        return ["`backbone.widths` must be null with the published weights; use `backbone.weights: random`, or file"]
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


def _monitor(params: "Params") -> list[str]:
    if params.train.monitor == "none" and params.train.patience is not None:
        return ["`train.patience` waits for a better `train.monitor`, which is none; set the patience to null"]
    return []


def _classes(params: "Params") -> list[str]:
    ingest = params.ingest
    if ingest.positive_class not in ingest.classes:
        return [
            f"`ingest.positive_class`: {ingest.positive_class!r} is not among `ingest.classes`: "
            f"{', '.join(ingest.classes)}"
        ]
    return []


def _views(params: "Params") -> list[str]:
    source, wanted = params.source, params.ingest.openi.views
    if source.kind == "openi" and wanted != "all" and source.openi.projections is None:
        return [f"`ingest.openi.views`: {wanted} needs `source.openi.projections`; name that table, or keep all views"]
    return []


def _mosaic(params: "Params") -> list[str]:
    if params.render.attention == "mosaic" and (params.image.tiling is None or params.head.kind != "attention"):
        return ["`render.attention`: mosaic needs tiles (`image.tiles.size`) and `head.kind: attention`; use overlay"]
    return []


def _explained(params: "Params") -> list[str]:
    """Whether there can be an image to explain."""
    kind, splits = params.split.kind, params.attribute.splits
    if kind in ("kfold", "leave_one_group_out") and "test" not in splits:
        return [f"`attribute.splits` needs test with `split.kind: {kind}`: each image is a test image of one model"]
    if kind != "prescribed" and params.split.test == 0 and splits == ["test"]:
        return ["`attribute.splits` has test alone, but `split.test` is 0; add validation"]
    return []


def _maps(params: "Params") -> list[str]:
    from stages.attribute.methods import METHODS
    from stages.attribute.methods.base import is_target
    from stages.localize.baselines import BASELINES

    found = [
        f"`attribute.maps.{name}`: this is the name of a baseline; choose another"
        for name in BASELINES
        if name in params.attribute.maps
    ]
    if params.render.naming == "ancestor" and "base" in params.attribute.maps:
        found.append("`attribute.maps.base`: `render.naming: ancestor` names the plain pictures so; choose another")
    for name, settings in params.attribute.maps.items():
        at = f"attribute.maps.{name}"
        found += [f"`{at}`: {problem}" for problem in METHODS[settings.method].problems(settings, params)]
        for key in ("target", "contrast"):
            value = getattr(settings, key)
            if value is not None and value.startswith("class:") and value[6:] not in params.ingest.classes:
                found.append(
                    f"`{at}.{key}`: {value[6:]!r} is not among `ingest.classes`: {', '.join(params.ingest.classes)}"
                )
        if settings.contrast is not None and is_target(settings, settings.contrast, params):
            found.append(f"`{at}.contrast` is the target itself, and their difference nothing; name another class")
    return found
