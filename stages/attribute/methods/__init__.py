"""Attribution methods by name: one file each.

A method is a module with `Settings` (a MapSettings), DESCRIPTION, UNIT, `problems(settings, params)` (what does not
fit, before any work), `needs(settings, cut, end)` ("images" or "features") and `explainer(subject, settings)`, which
returns a function of a `Batch` that gives a `Result`. Keras is imported inside functions only.
"""

from stages.attribute.methods import cam, deeplift, gradcam

METHODS = {"cam": cam, "deeplift": deeplift, "gradcam": gradcam}
