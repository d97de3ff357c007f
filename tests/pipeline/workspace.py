"""A workspace of its own for real `dvc repro` runs: the project's files, tiny parameters, a store and a cache apart."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import yaml

PROJECT = Path(__file__).parents[2]
TINY = {
    "source.phantom.patients": 16,
    "source.phantom.size": 128,
    "image.height": 64,
    "image.width": 64,
    "backbone.name": "vgg16",
    "backbone.views": "one",
    "backbone.cut": "block5_pool",
    "backbone.end": None,
    "backbone.weights": "random",
    "backbone.widths": [4, 4, 8, 8, 8],
    "backbone.train_statistics": False,
    "head.kind": "fc",
    "head.standardize": True,
    "head.border": 0,
    "head.fc.width": 8,
    "train.augment": {
        "flip": "none", "rotation": 0.0, "shear": 0.0, "zoom": 0.0, "shift": 0.0, "crop": 1.0, "brightness": 0.0,
    },
    "attribute.maps": {
        "deeplift": {"method": "deeplift", "reference": "black"},
        "gradcam": {"method": "gradcam"},
    },
    "train.loss": "softmax",
    "train.epochs": 2,
    "train.batch_size": 8,
    "evaluate.replicates": 200,
    "localize.replicates": 200,
    "split.near_duplicates": "ignore",
    "split.near_duplicate_distance": 10,
    "split.validation": 0.25,
    "split.test": 0.25,
}  # fmt: skip


class Workspace:
    """A copy of the project in `root`; commands run there with a feature store beside it."""

    def __init__(self, root: Path, **settings: object) -> None:
        self.root = root
        for name in ("dvc.yaml", "params.yaml", ".dvcignore", ".gitignore"):
            root.mkdir(exist_ok=True)
            shutil.copy(PROJECT / name, root / name)
        shutil.copytree(PROJECT / "stages", root / "stages", ignore=shutil.ignore_patterns("__pycache__"))
        (root / ".dvc").mkdir()
        shutil.copy(PROJECT / ".dvc/config", root / ".dvc/config")
        shutil.copytree(PROJECT / ".dvc/plots", root / ".dvc/plots")
        (root / "data/inbox").mkdir(parents=True)
        (root / "data/inbox/.gitkeep").touch()
        self.run("git", "init", "-q")
        self.set({**TINY, "compute.cache_dir": str(root.parent / "store"), **settings})

    def set(self, values: dict[str, object]) -> None:
        """Edit params.yaml: dotted keys to values."""
        path = self.root / "params.yaml"
        params = yaml.safe_load(path.read_text())
        for key, value in values.items():
            *parents, last = key.split(".")
            section = params
            for parent in parents:
                section = section[parent]
            section[last] = value
        path.write_text(yaml.safe_dump(params, sort_keys=False))

    def run(self, *command: str, check: bool = True, **options: object) -> subprocess.CompletedProcess:
        """Run a command here, with its output kept."""
        done = subprocess.run(
            command, cwd=self.root, env=self.environment(), text=True, capture_output=True, check=False, **options
        )
        if check and done.returncode:
            raise AssertionError(f"{' '.join(command)} ended with {done.returncode}\n{done.stdout}\n{done.stderr}")
        return done

    def environment(self) -> dict[str, str]:
        """The tests' Python first in the path; byte-compiling left on, as users have it."""
        environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
        for name in ("PYTHONDONTWRITEBYTECODE", "PYTHONPATH", "PYTEST_CURRENT_TEST"):
            environment.pop(name, None)
        return environment

    def repro(self, *arguments: str) -> list[str]:
        """`dvc repro`; the names of the stages that ran, in order."""
        return ran(self.run("dvc", "repro", *arguments).stdout)

    def outputs(self) -> dict[str, str]:
        """The digests that dvc.lock holds of every output, by path."""
        lock = yaml.safe_load((self.root / "dvc.lock").read_text())
        return {out["path"]: out["md5"] for stage in lock["stages"].values() for out in stage.get("outs", [])}


def ran(output: str) -> list[str]:
    """The stages that `dvc repro` says it ran (not those that it took from its run cache)."""
    return re.findall(r"^Running stage '([^']+)'", output, flags=re.MULTILINE)
