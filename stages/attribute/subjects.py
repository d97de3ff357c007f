"""A trained model made ready to be explained."""

from collections.abc import Iterable
from pathlib import Path

from stages.attribute.methods.base import Subject
from stages.common import paths
from stages.extract.features import decoded
from stages.models import trained


def subject(folder: Path, training: Iterable[str]) -> Subject:
    """The model in a folder; `training` are the paths of its training images below data/images."""
    model = trained.load(folder)
    view, files = model.design, [paths.IMAGES / path for path in training]
    parts = trained.build(model, paths.WEIGHTS)
    return Subject(model, parts, lambda: decoded(files, view))
