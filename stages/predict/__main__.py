"""Predict images: see the package's docstring."""

import argparse
import sys
from pathlib import Path

from stages.common import console, paths
from stages.common.errors import UserError
from stages.predict.notebook import DEFAULT_MAPS


def main() -> str:
    arguments = _arguments()
    from stages.predict import run  # here, so that --help and usage errors answer at once

    outcome = run.write(arguments.images, arguments.model, arguments.weights, arguments.maps, arguments.out)
    for sentence in outcome.warnings():
        print(f"predict: warning: {sentence}", file=sys.stderr)
    if outcome.table is None:
        raise UserError(f"{outcome.useless()}; see {arguments.out / run.REJECTED}")
    made = "".join(f"; {name}: {one['summary']}" for name, one in outcome.maps.items())
    page = arguments.out / run.GALLERY / "index.html"
    return f"{len(outcome.table)} images predicted, {len(outcome.rejected)} files left out{made}; look at {page}"


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m stages.predict", description="Predict images with a trained model, and make their maps."
    )
    parser.add_argument("images", nargs="+", type=Path, metavar="IMAGE_OR_FOLDER", help="what is to be predicted")
    parser.add_argument("--out", required=True, type=Path, metavar="DIR", help="a folder for the results")
    parser.add_argument(
        "--model", type=Path, default=paths.DATA, metavar="DIR",
        help="a folder with model/, weights/ and calibration.json (default: data)",
    )  # fmt: skip
    parser.add_argument(
        "--weights", type=Path, metavar="DIR", help="the backbone's weights (default: weights/ beside model/)"
    )
    parser.add_argument(
        "--maps", nargs="+", default=DEFAULT_MAPS, metavar="MAP",
        help="methods such as gradcam, YAML files such as params.yaml (drawn as it says), or none (default: gradcam)",
    )  # fmt: skip
    return parser.parse_args()


if __name__ == "__main__":
    console.command("predict", main, "interrupted; nothing is written")
