"""Predict: a trained model on new images, outside the pipeline. It reads no params.yaml.

`python -m stages.predict IMAGE_OR_FOLDER ... --out DIR [--model DIR] [--weights DIR] [--maps MAP ...]`, or in a
notebook `from stages.predict import predict`. The model is a folder with `model/`, `weights/` and `calibration.json`:
data/ of a workspace, or a copy of these three. It writes a folder, whole:

    predictions.csv     one row an image, sorted by image_id:
                          image_id, source_path (below the folder that holds all that was given)
                          predicted                 the class of the greatest calibrated probability
                          p_<class>...              softmax, uncalibrated, as in data/predictions.csv
                          calibrated_<class>...     at the temperature of calibration.json
                          threshold                 the operating threshold on p_<positive class>; empty where none is
                          positive_at_threshold     yes or no; empty where there is no threshold
                          distance, distance_limit  from the training images in feature space (see
                                                    `stages.evaluate.calibration.distance`), and what 99 of 100
                                                    validation images stay within; empty where there were none
                          warning                   empty, or why the row is not to be trusted
                        Of a model with folds all numbers are means over the folds' models.
    rejected.csv        source_path, reason, detail: what was given and cannot be used
    maps/<map>.h5       as stage attribute writes them (mean over folds)
    overlays/<map>/     <image_id>.png, the map drawn on the image; heat/<image_id>.png, its colours alone; drawn as the
                        section `render` of a YAML file among the maps says, else by its defaults
    gallery/index.html  all of it to look at, from disk
    prediction.json     the model's provenance, calibration, maps, and the versions that the numbers depend on

Two runs give the same bytes, and the p columns equal those of data/predictions.csv to 1e-5 (see `stages.models`).
"""

from stages.predict.notebook import Prediction, predict

__all__ = ["Prediction", "predict"]
