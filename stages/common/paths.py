"""Where each stage's files are, from the top of the workspace."""

from pathlib import Path

DATA = Path("data")
CHECKED = DATA / "params.ok"
RAW = DATA / "raw"
IMAGES = DATA / "images"
IMAGE_TABLE = DATA / "images.csv"
REGION_TABLE = DATA / "regions.csv"
MASKS = DATA / "masks"
IMAGE_DIGESTS = DATA / "images.sha256"
MASK_DIGESTS = DATA / "masks.sha256"
REJECTED_TABLE = DATA / "rejected.csv"
INGEST_SUMMARY = DATA / "ingest.json"
SPLIT_TABLE = DATA / "split.csv"
LEAK_TABLE = DATA / "leaks.csv"
WEIGHTS = DATA / "weights"
FEATURES = DATA / "features.h5"
MODEL = DATA / "model"
PREDICTIONS = DATA / "predictions.csv"
CALIBRATION = DATA / "calibration.json"
MAPS = DATA / "maps"
LOCALIZATION = DATA / "localization.csv"
OVERLAYS = DATA / "overlays"
REPORT = DATA / "report"
METRICS = Path("metrics")
PLOTS = Path("plots")
