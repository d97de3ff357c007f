"""Classification scores: predictions, calibration, intervals, operating point, baselines.

Every **score** below is `{"mean", "low", "high"}`: the point estimate and its 95 % percentile bootstrap interval over
whole groups. A number that cannot be had is null, and `notes` of the same block says why: under 10 groups all `low` and
`high` are null (note `intervals`), and so are those of a score that is 0 or 1 in every replicate. Numbers have 6
significant digits.

metrics/evaluate.json
---------------------
::

    {
      "headline": "test",             # the block to quote: "test", or "validation" where there is no test part
      "positive_class": "abnormal",
      "definitions": {                # constant text, a sentence each
        "intervals", "predicted", "roc_auc", "average_precision", "prevalence", "ece", "brier", "by_group",
        "operating_point", "difference": "..."},
      "train": {block},               # absent with folds
      "validation": {block},          # absent where there are no such images; with folds: fold k + 1 by model k
      "test": {block}                 # absent with prescribed splits without a test part
    }

A block::

    {
      "note": "test (scored once)",   # or "train (fitted on these images)", "validation (used for selection)",
                                      # "test (out of fold: ...)"; a leaky split is named first, in capitals
      "n": 200, "groups": 100,
      "accuracy": score, "balanced_accuracy": score, "log_loss": score, "roc_auc": score, "average_precision": score,
      "prevalence": score, "f1_weighted": score, "f1_macro": score, "precision_weighted": score,
      "recall_weighted": score, "ece": score, "brier": score,
      "per_class": {class: {"precision": score, "recall": score, "f1": score, "roc_auc": score,
                            "average_precision": score, "support": 120}},       # one class against the rest
      "notes": {name: reason},        # often empty; name is a score's ("roc_auc"), "per_class.<class>.<score>"
                                      # (undefined ones alone), or "intervals"

      # validation and test alone:
      "operating_point": {"rule": "youden" or "sensitivity of at least 0.9", "fitted_on": "validation",
                          "threshold": 0.41,               # with folds: "thresholds": {"0": 0.41, "1": ...}
                          "sensitivity": score, "specificity": score, "ppv": score, "npv": score,
                          "true_positives": 61, "false_positives": 9, "true_negatives": 120, "false_negatives": 10,
                          "notes": {...}}                  # absent where there are none
                          # or {"note": reason} where a model has no threshold
      "calibrated": {"temperature": 1.7,                   # with folds: "temperatures": {"0": 1.7, "1": ...}
                     "log_loss": score, "ece": score, "brier": score}
                     # or {"note": reason} where a model has no temperature
      "baselines": {"majority" | "features" | "image_statistics":
                      {"fitted_on": "train", "choice": "C = 0.01, by log loss on validation",  # no choice: absent
                       **the twelve scores from accuracy to brier,
                       "difference": {"roc_auc": score, "average_precision": score, "accuracy": score,
                                      "log_loss": score}}},               # the model minus the baseline, paired
      "by_group": {"n": 100, **the twelve scores, "per_class": {...}, "notes": {...}},
                                      # absent where every group is one image: the same numbers
      # test with folds alone:
      "over_folds": {score name: {"mean", "spread", "folds"}}   # unweighted mean and standard deviation over the
                                                                # folds in which it is defined, see folds.csv
    }

With two classes `roc_auc`, `average_precision`, `prevalence`, `ece` and `brier` are those of the positive class; with
more, `roc_auc` and `average_precision` are macro averages over the classes (one against the rest), `prevalence` is the
positive class's, `ece` is of the predicted class's probability, `brier` sums over the classes. `predicted` is the class
of the greatest probability; the operating point is a second, separate rule.

data/predictions.csv
--------------------
`image_id, split, fold, label, predicted, p_<class>...`: uncalibrated softmax, 9 significant digits; all images, with
folds one out-of-fold row an image. All scores are computed from these rounded numbers.

data/calibration.json
---------------------
::

    {
      "classes": ["normal", "abnormal"], "positive_class": "abnormal",
      "models": {                     # "model", or with folds "fold-0", "fold-1", ...
        "model": {
          "fitted_for": "<SHA-256>",  # the model that this goes with: `stages.models.trained.identity`
          "temperature": {"value": 1.7, "fitted_on": "validation", "n": 80},    # value 1.0 and "note" where skipped
          "operating_threshold": {"value": 0.41, "rule": "youden",
                                  "applies_to": "uncalibrated probability of the positive class",
                                  "fitted_on": "validation", "n": 80},          # value null and "note" where none
          "features": {"mean": [c numbers], "scale": [c numbers], "fitted_on": "train", "n": 300,
                       "distance": {"median": 0.9, "percentile_95": 1.3, "percentile_99": 1.6,
                                    "fitted_on": "validation", "n": 80}}        # see calibration.feature_statistics
        }
      }
    }

Calibrated probabilities: `calibration.calibrated(probabilities, temperature)`. An image is positive where its
uncalibrated probability is at least the threshold. It is far from the training images where
`calibration.distance(pooled, features)` is above `percentile_99`.

plots/evaluate/ (of the headline block)
---------------------------------------
- roc.csv: false_positive_rate, true_positive_rate, threshold (empty in the first row); positive class against the rest
- precision_recall.csv: recall, precision, threshold (empty in the last row); positive class against the rest
- roc_by_class.csv, precision_recall_by_class.csv: the same under a first column `class`; with more than two classes
- reliability.csv: probability (mean in the bin), observed (frequency), low, high (interval of observed; empty for a bin
  of under 10 groups), n, bin_from, bin_to; bins without images are left out
- reliability_calibrated.csv: the same after the temperature, where one was fitted
- confusion.csv: actual, predicted; one row an image
- folds.csv: fold, n, groups and the twelve scores as plain numbers (empty where undefined); with folds alone
- table.txt: precision, recall, F-score and support of each class, and averages, as text
"""
