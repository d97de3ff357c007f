"""`dvc plots show` and `dvc plots diff` without a network: `python -m stages.report.offline_plots`, once a clone.

dvc's own page loads Vega from a server. This writes a template of that page with Vega in it (0.9 MB, from the package
vl-convert-python) to .dvc/offline_plots.html, and names it in .dvc/config.local; neither is in git.
"""

import subprocess
import sys
from pathlib import Path

from stages.common import console, files
from stages.common.errors import UserError

TEMPLATE = Path(__file__).parent / "assets" / "offline_plots.html"
WRITTEN = Path(".dvc/offline_plots.html")
PLACE = "[[vega]]"
VEGA_LITE = "5.21"  # the newest of the version that dvc's plots are written in


def main() -> str:
    if not WRITTEN.parent.is_dir():
        raise UserError("there is no .dvc here; run it at the top of the project")
    files.write_text(WRITTEN, template(vega()))
    subprocess.run([sys.executable, "-m", "dvc", "config", "--local", "plots.html_template", WRITTEN.name], check=True)
    return f"`dvc plots show` uses {WRITTEN} from now on; `dvc config --local --unset plots.html_template` ends that"


def template(script: str) -> str:
    """The page that dvc fills in, with a script in it instead of addresses of scripts."""
    return TEMPLATE.read_text(encoding="utf-8").replace(PLACE, script)


def vega() -> str:
    """Vega, Vega-Lite and Vega-Embed as one script for a script element.

    Raises:
        UserError: the package that holds them is not installed.
    """
    try:
        import vl_convert
    except ImportError as error:
        raise UserError("the plots' script is not installed; run `pip install vl-convert-python`") from error
    return vl_convert.javascript_bundle(vl_version=VEGA_LITE).replace("</script", "<\\/script")


if __name__ == "__main__":
    console.command("offline_plots", main)
