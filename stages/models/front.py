"""The frozen part of a network, up to the cut; and weights by explicit names."""

from collections.abc import Mapping

import keras
import numpy as np

from stages.common.errors import UserError
from stages.models import layers, views
from stages.models.backbones import BACKBONES
from stages.models.backbones.settings import Architecture
from stages.models.image import ImageSettings


def build(architecture: Architecture, cut: str, view: ImageSettings) -> keras.Model:
    """The frozen part alone: image (n, h, w, 3) -> the features at the cut, unrounded, (n, [tiles,] h, w, c)."""
    image = keras.Input((*view.size, 3), name="image")
    found = {}

    def at(name: str, tensor: keras.KerasTensor) -> keras.KerasTensor:
        return found.setdefault(name, tensor)

    pixels = seen(image, view)
    ready = preprocessed(pixels, architecture)
    BACKBONES[architecture.name].build(ready, architecture, at, lambda _, tensor: tensor)
    return keras.Model(image, bagged(features(ready, found, cut, architecture), pixels, view), name="front")


def features(
    pixels: keras.KerasTensor, layers_: Mapping[str, keras.KerasTensor], cut: str, architecture: Architecture
) -> keras.KerasTensor:
    """The features at the cut: its own and those of the hypercolumn (n, h, w, c), from all views.

    Args:
        pixels: what the backbone is given (n, h, w, 3).
        layers_: the maps of its layers by name.

    Raises:
        UserError: the maps of the hypercolumn have other sizes.
    """
    column = [layers_[name] for name in (*architecture.hypercolumn, cut)]
    sizes = {name: layers_[name].shape[1:3] for name in (*architecture.hypercolumn, cut)}
    if len(set(sizes.values())) > 1:
        listed = ", ".join(f"{name} {height}x{width}" for name, (height, width) in sizes.items())
        raise UserError(f"`backbone.hypercolumn`: the maps must have one size; they have {listed}")
    joined = keras.layers.Concatenate(name="hypercolumn")(column) if len(column) > 1 else column[0]
    return views.averaged(pixels, joined, architecture)


def seen(image: keras.KerasTensor, view: ImageSettings) -> keras.KerasTensor:
    """The pixels that pass the backbone: images (n, h, w, 3), or their tiles (n * tiles, side, side, 3)."""
    if view.tiling is None:
        return image
    tiling = view.tiling
    return layers.Tiles(*tiling.input, tiling.side, tiling.stride, view.tiles.background, name="tiles")(image)


def preprocessed(pixels: keras.KerasTensor, architecture: Architecture) -> keras.KerasTensor:
    """The pixels as the backbone wants them."""
    return layers.PREPROCESSING[BACKBONES[architecture.name].PREPROCESSING](name="preprocessing")(pixels)


def bagged(features: keras.KerasTensor, pixels: keras.KerasTensor, view: ImageSettings) -> keras.KerasTensor:
    """Features at the cut with the tile axis, if there are tiles; zero for instances that are not there."""
    if view.tiling is not None:
        features = layers.Bag(view.tiling.count, name="cut_bag")(features)
    if not view.masked:
        return features
    return layers.KeepPresent(name="cut_present")(features, present(pixels, features, view))


def present(pixels: keras.KerasTensor, features: keras.KerasTensor, view: ImageSettings) -> keras.KerasTensor:
    """Which instances are there, from the pixels: tiles (n, tiles), or cells (n, h, w) of features (n, h, w, c)."""
    if view.tiling is not None:
        return layers.Present(name="tiles_present")(layers.Bag(view.tiling.count, name="tiles_bag")(pixels))
    return coarser(layers.Present(name="pixels_present")(pixels), features, "cells_present")


def coarser(found: keras.KerasTensor, features: keras.KerasTensor, name: str) -> keras.KerasTensor:
    """Which cells of features (n, h, w, c) have anything of what was found on a finer grid (n, h', w')."""
    size = features.shape[1:3]
    return found if found.shape[1:] == size else layers.Coarser(*size, name=name)(found)


def named_weights(model: keras.Model) -> dict[str, keras.Variable]:
    """A model's variables by `layer/variable`; layer names are explicit, so these are stable.

    The state of random numbers and schedules is no weight.
    """
    named = {}
    for layer in model.layers:
        for variable in layer.weights:
            if "seed_generator" not in variable.path and variable.name != layers.PROGRESS:
                named[f"{layer.name}/{variable.name}"] = variable
    return named


def assign(model: keras.Model, arrays: dict[str, np.ndarray]) -> None:
    """Set those of a model's variables that `arrays` names.

    Raises:
        ValueError: a shape differs.
    """
    for name, variable in named_weights(model).items():
        if name in arrays:
            if tuple(variable.shape) != arrays[name].shape:
                raise ValueError(f"{name}: the model wants {tuple(variable.shape)}, the file has {arrays[name].shape}")
            variable.assign(arrays[name])
