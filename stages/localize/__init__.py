"""Localize: how well the maps point at the ground-truth regions.

Measured are the images that have a map and a region, in the splits of `attribute.splits`; every map and baseline is
measured on the same images. The names of the maps are those of `attribute.maps`, then the baselines `center`,
`prior` (absent, with a note, where no training image has a region) and `random`. The metrics are the keys of
`stages.localize.metrics.METRICS`; all lie in 0..1 and more is better.

`data/localization.csv`: `tables.LOCALIZATION_COLUMNS` and a column `finding`. One row an image, map and metric with
`finding` empty: all regions of the image together. Where the data set has several findings, also one row for each
finding of the image: the regions of that finding alone (the others count as outside). `status` is the map's; a map
that is not `ok` has the value 0 (pixel AUC: 0.5). With no regions at all: the header alone.

`metrics/localize.json` (numbers to 6 significant digits; every key is there unless said otherwise):

    {
      "regions": 52,                   images with a region that were measured, all splits; 0: nothing was measured
      "reason": null,                  where "regions" is 0: why, one sentence
      "regions_complete": true,
      "tolerance": 0.0,                how far beside a region the peak still points at it, of the image's diagonal
      "notes": ["..."],                sentences to be shown beside the numbers
      "box_supervised": ["iou_validation", "prior", "chosen"],   what regions were used to fit or choose
      "splits": {                      {} where "regions" is 0; test first, then validation, ...
        "test": {
          "all": SCORES,
          "correct": SCORES,           the images whose predicted class is the true one
          "findings": {"Nodule": SCORES, ...}       {} where the data set has fewer than two findings
        }
      },
      "maps": {"deeplift": {"part": "positive", "empty": {"constant": 2}}, ...},    no baselines; images measured
      "chosen": {
        "map": "deeplift",             with folds: the one chosen for most folds
        "title": "deeplift",           what the result is called; with folds "cam or deeplift (chosen fold by fold)"
        "by": "pointing",              null: there was nothing to choose by, or only one map
        "on": "validation",            "validation"; with folds "other folds"; null as above
        "folds": {"0": "deeplift"},    {} without folds
        "split": "test",               where "scores" come from; null where "regions" is 0
        "n": 30, "groups": 25,
        "scores": {"pointing": INTERVAL, ...}       {} where "regions" is 0
      },
      "differences": {                 chosen minus other, paired, on chosen.split
        "center": {"pointing": DIFFERENCE, ...}, ...  {} where "regions" is 0; every baseline, and every other map
      }
    }

    SCORES   = {"n": 30, "groups": 25, "reason": null, "maps": {"deeplift": {"pointing": INTERVAL, ...}, ...}}
    INTERVAL = {"mean": 0.5, "low": 0.3, "high": 0.7, "n": 30}     low and high null where "reason" says why
    DIFFERENCE = INTERVAL | {"adjusted_low": -0.1, "adjusted_high": 0.5}   of all others together, by max-T

`plots/localize/comparison.csv` (`split, map, metric, mean, low, high, n`) is the table of `splits.*.all` for
`dvc plots`; `plots/localize/differences.csv` (`split, metric, first, second, mean, low, high, n`) has every pair of
maps and baselines, first minus second, intervals adjusted over the pairs of one metric and split by max-T: exploratory.
"""
