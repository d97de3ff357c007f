"""Attribution methods by name: one file each.

A method is a module with `Settings` (a MapSettings), DESCRIPTION, EXPLAINS (which models), UNIT, `problems(settings,
params)` (what does not fit, before any work), `needs(settings, backbone, cut, end)` ("images" or "features") and
`explainer(subject, settings)`, which returns a function of a `Batch` that gives a `Result`. Keras is imported inside
functions only.
"""

from stages.attribute.methods import (
    attention,
    cam,
    deconvnet,
    deeplift,
    deepshap,
    gradcam,
    gradcam_pp,
    gradient_input,
    gradient_shap,
    guided_backprop,
    guided_gradcam,
    integrated_gradients,
    lrp_epsilon,
    occlusion,
    rise,
    saliency,
    smoothgrad,
)

METHODS = {
    "attention": attention,
    "cam": cam,
    "deconvnet": deconvnet,
    "deeplift": deeplift,
    "deepshap": deepshap,
    "gradcam": gradcam,
    "gradcam_pp": gradcam_pp,
    "gradient_input": gradient_input,
    "gradient_shap": gradient_shap,
    "guided_backprop": guided_backprop,
    "guided_gradcam": guided_gradcam,
    "integrated_gradients": integrated_gradients,
    "lrp_epsilon": lrp_epsilon,
    "occlusion": occlusion,
    "rise": rise,
    "saliency": saliency,
    "smoothgrad": smoothgrad,
}
