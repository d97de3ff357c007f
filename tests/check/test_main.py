"""Stage check as dvc runs it: before all others, with an output that never changes."""

import pytest

from stages.check.__main__ import main
from stages.common import paths
from stages.common.errors import UserError
from stages.models import compose
from tests import factories

VGG = {
    "image__height": 224,
    "image__width": 224,
    "backbone__cut": "block5_pool",
    "backbone__end": "block5_pool",
    "head__kind": "gem",
    "attribute__maps": {"cam": {"method": "cam"}},
}


@pytest.fixture(autouse=True)
def _inbox(workspace):
    (workspace / "data/inbox").mkdir(parents=True)


def test_its_output_never_changes(workspace):
    factories.write_params(workspace / "params.yaml")
    main()
    first = paths.CHECKED.read_bytes()
    factories.write_params(workspace / "params.yaml", train__epochs=3, recipe="other")
    assert "recipe other" in main()
    assert paths.CHECKED.read_bytes() == first


def test_a_typo_stops_it_with_one_line(workspace):
    factories.write_params(workspace / "params.yaml", train__epoch=3)
    result = factories.python("-m", "stages.check", folder=workspace)
    assert result.returncode == 1
    assert result.stderr == "check: error: params.yaml: unknown key `train.epoch`; did you mean `epochs`?\n"
    assert result.stdout == ""
    assert not paths.CHECKED.exists()


def test_maps_that_are_no_longer_asked_for_are_removed_but_not_by_hand(workspace, monkeypatch):
    for name in ("gradcam", "old"):
        (paths.OVERLAYS / name).mkdir(parents=True)
        paths.MAPS.mkdir(parents=True, exist_ok=True)
        (paths.MAPS / f"{name}.h5").write_text("maps")
    (paths.MAPS / ".old.h5.abcdefgh.part").write_text("of a run that was killed")
    factories.write_params(workspace / "params.yaml", attribute__maps={"gradcam": {"method": "gradcam"}})
    main()
    assert (paths.MAPS / "old.h5").exists()
    monkeypatch.setenv("DVC_STAGE", "check")
    main()
    assert [path.name for path in paths.MAPS.iterdir()] == ["gradcam.h5"]
    assert [path.name for path in paths.OVERLAYS.iterdir()] == ["gradcam"]


def test_nothing_is_removed_when_the_parameters_are_wrong(workspace):
    paths.MAPS.mkdir(parents=True)
    (paths.MAPS / "old.h5").write_text("maps")
    factories.write_params(workspace / "params.yaml", train__epochs=0)
    with pytest.raises(UserError):
        main()
    assert (paths.MAPS / "old.h5").exists()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"head__border": 40}, "`head.border`: 40 leaves nothing of the feature map of 7x7 cells; lower it"),
        (
            {"backbone__hypercolumn": ["block4_pool"]},
            "`backbone.hypercolumn`: the maps must have one size; they have block4_pool 14x14, block5_pool 7x7",
        ),
        (
            {"head__gem__rows": 8},
            "`head.gem.rows` and `columns`: 8 parts of a feature map of 7 cells; ask for fewer",
        ),
    ],
)
def test_maps_that_do_not_fit_each_other_or_the_head_stop_it(workspace, changes, said):
    factories.write_params(workspace / "params.yaml", **VGG | changes)
    with pytest.raises(UserError) as error:
        main()
    assert str(error.value) == said
    assert not paths.CHECKED.exists()


def test_maps_that_just_fit_pass_and_are_built_once(workspace, monkeypatch):
    fitting = {"head__gem__rows": 5, "head__border": 1}
    factories.write_params(workspace / "params.yaml", **VGG | fitting)
    assert "is fine" in main()
    monkeypatch.setattr(compose, "compose", lambda _: pytest.fail("it was built already"))
    factories.write_params(workspace / "params.yaml", **VGG | fitting, train__epochs=3)
    assert "is fine" in main()


@pytest.mark.parametrize("path", ["elsewhere/images", "~/images"])
def test_a_source_that_is_not_there_is_told_before_dvc_stumbles_over_it(workspace, path):
    factories.write_params(workspace / "params.yaml", source__path=path)
    with pytest.raises(UserError, match=rf"`source\.path`: there is no {path}.*frozen: true"):
        main()
    (workspace / "dvc.yaml").write_text("stages:\n  fetch:\n    frozen: true\n")
    assert "is fine" in main()
