"""The template of dvc's page of plots, without a network."""

import shutil
import subprocess
import sys

import pytest

from stages.common.errors import UserError
from stages.report import offline_plots
from tests.factories import PROJECT


def test_the_template_keeps_what_dvc_fills_in_and_loads_nothing():
    page = offline_plots.template("drawn()")
    assert "<script>drawn()</script>" in page
    assert "{plot_divs}" in page and "{refresh_tag}" in page
    assert "{scripts}" not in page and "http" not in page.replace("http-equiv", "")


def test_without_the_package_one_line_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "vl_convert", None)
    with pytest.raises(UserError, match="pip install vl-convert-python"):
        offline_plots.vega()


def test_outside_a_project_nothing_is_written(workspace):
    with pytest.raises(UserError, match=r"no \.dvc here"):
        offline_plots.main()
    assert not list(workspace.iterdir())


def test_neither_template_nor_setting_is_in_git(tmp_path):
    shutil.copytree(PROJECT / ".dvc", tmp_path / ".dvc", ignore=shutil.ignore_patterns("tmp", "cache"))
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    for name in (offline_plots.WRITTEN, ".dvc/config.local"):
        assert subprocess.run(["git", "check-ignore", "-q", str(name)], cwd=tmp_path, check=False).returncode == 0
