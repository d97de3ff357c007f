"""The curves of training, as a table and as DVCLive writes them."""

import contextlib
import os
import shutil
import tempfile
from pathlib import Path

import pandas as pd

from stages.common.files import significant

CURVES = ("loss", "validation_loss", "validation_roc_auc", "validation_accuracy")


def write(history: pd.DataFrame, folder: Path) -> None:
    """history.csv, and live/ (with folds live/fold-<k>/), which DVC's own tools and editors show.

    Args:
        history: rows of epochs: fold, epoch, CURVES, best.
        folder: an existing folder.
    """
    history.to_csv(folder / "history.csv", index=False, lineterminator="\n", float_format="%.6g")
    for fold, rows in history.groupby("fold"):
        _live(rows, folder / "live" if fold == -1 else folder / "live" / f"fold-{fold}")


def _live(rows: pd.DataFrame, folder: Path) -> None:
    """A number that is none (an AUC of one class) is left out."""
    from dvclive import Live

    os.environ["DVC_STUDIO_OFFLINE"] = "true"  # this stage touches no network, whatever the user's configuration
    # outside the workspace: in a git repository without a commit DVCLive fails, and of others it wants to know
    with tempfile.TemporaryDirectory() as outside:
        with contextlib.chdir(outside), Live("live", save_dvc_exp=False, dvcyaml=None) as live:
            for row in rows.to_dict("records"):
                live.step = row["epoch"]
                for name in CURVES:
                    if row[name] == row[name]:
                        live.log_metric(name, significant(row[name]))
                live.make_summary()
        shutil.copytree(Path(outside) / "live", folder)
