"""Backbones by name.

A backbone is a module with LAYERS (the names at which it may be cut or ended, first to last), PREPROCESSING (a name in
`stages.models.layers.PREPROCESSING`), SMALLEST_INPUT (pixels) and `build(x, at)`, which passes the output of each of
its LAYERS through `at(name, tensor)` and goes on with what comes back.
"""

from stages.models.backbones import vgg16

BACKBONES = {"vgg16": vgg16}
INPUT = "input"
