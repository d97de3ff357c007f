"""Stage `shortcuts`: does the model tell the classes apart without the finding, or from the image's border alone?

Writes metrics/shortcuts.json, a block for test and one for validation; with folds each image is answered for by the
model that held it out, as in `evaluate`. Every **score** is `{"mean", "low", "high"}`, an area under the ROC curve of
the positive class against the rest, with its interval over groups as in `evaluate`::

    {
      "reason": null,                 # why nothing was measured, else null
      "positive_class": "abnormal",
      "border": 0.1,                  # width of the border, as a share of each side
      "regions_complete": true,       # whether what is not in a region is no finding
      "definitions": {name: sentence},
      "test": {
        "n": 200, "groups": 90,
        "with_regions": 100,          # images that have regions of their own
        "left_out": 3,                # images of the positive class without a region: their finding cannot be hidden
        "roc_auc": {                  # the whole model on
          "intact": score,            # the images as they are
          "hidden": score,            # every region filled from around it; images without any: another image's region
          "elsewhere": score,         # another image's region filled, the finding in sight: what filling does
          "border": score,            # the border alone, regions in it hidden; the rest is the mean training image
          "border_pixels": score      # no model, but a logistic regression on the border of training images
        },                            # hidden and elsewhere: absent where notes say why
        "difference": {"hidden": score, "elsewhere": score, "border": score},     # intact minus it, paired
        "above_chance": {"hidden": true, "border": true, "border_pixels": false},
        "notes": {name: reason}
      },
      "validation": {...}             # absent, as "test" is, where there are no such images
    }
"""
