"""Stage `train`: everything behind the cut, on kept features.

Writes data/model/ (with folds data/model/fold-<k>/): `model.json` and `weights.h5`, see `stages.models.trained`; and
plots/train/: history.csv (fold, epoch, loss, validation_loss, validation_roc_auc, validation_accuracy, best: 0 or 1),
the same by DVCLive in live/, and augmented.png where images are augmented. A run under way is kept in
.dvc/tmp/lesionmap/train/ until it ends. With `train.refit` the folder `selection` beside a model holds the one that was
trained without the validation images, and the history is that one's.
"""
