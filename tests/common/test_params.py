"""A bad parameter stops everything with one line: the key's path, what was given, what is allowed."""

import re
import shutil

import pytest

from stages.common import params
from stages.common.errors import UserError
from tests import factories
from tests.factories import PROJECT, changed

GRADCAM = {"method": "gradcam"}


def refusal(**values):
    with pytest.raises(UserError) as error:
        params.parse(changed(**values), "params.yaml")
    message = str(error.value)
    assert "\n" not in message
    assert message.startswith("params.yaml: ")
    return message.removeprefix("params.yaml: ")


@pytest.mark.parametrize("path", [PROJECT / "params.yaml", *sorted((PROJECT / "recipes").glob("*.yaml"))], ids=str)
def test_the_params_of_the_project_and_of_every_recipe_load(path):
    loaded = params.load(path)
    if path.parent.name == "recipes":
        assert loaded.recipe == path.stem


def test_the_default_params_are_the_default_recipe():
    assert (PROJECT / "params.yaml").read_bytes() == (PROJECT / "recipes" / "phantom.yaml").read_bytes()


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("train__epoch", 3, "unknown key `train.epoch`; did you mean `epochs`?"),
        ("trian", {}, "unknown key `trian`; did you mean `train`?"),
        ("head__fc__widht", 3, "unknown key `head.fc.widht`; did you mean `width`?"),
        ("attribute__maps__gradcam__layr", "x", "unknown key `attribute.maps.gradcam.layr`; did you mean `layer`?"),
        ("attribute__maps__deeplift", {"method": "deeplift", "referense": "x"},
         "unknown key `attribute.maps.deeplift.referense`; did you mean `reference`?"),
        ("attribute__maps__gradcam__method", "gradcm", "`attribute.maps.gradcam.method`: there is no method `gradcm`; "
         "did you mean `gradcam`?"),
        ("train__epochs", "20", "`train.epochs`: input should be a valid integer (given: '20')"),
        ("train__epochs", 20.0, "`train.epochs`: input should be a valid integer (given: 20.0)"),
        ("train__epochs", True, "`train.epochs`: input should be a valid integer (given: True)"),
        ("train__epochs", 0, "`train.epochs`: input should be greater than or equal to 1 (given: 0)"),
        ("train__weight_decay", -1.0, "`train.weight_decay`: input should be greater than or equal to 0 (given: -1.0)"),
        ("train__learning_rate", float("nan"), "`train.learning_rate`: input should be a finite number"),
        ("image__fit", "strech", "`image.fit`: input should be 'stretch', 'letterbox', 'center_crop' or 'native' "
         "(given: 'strech')"),
        ("attribute__splits", ["tests"], "`attribute.splits.0`: input should be 'train', 'validation' or 'test'"),
        ("train", None, "`train` must hold keys and their values (given: None)"),
        ("ingest__classes", ["a", "a"], "`ingest`: classes names 'a' twice"),
    ],
)  # fmt: skip
def test_a_wrong_value_names_its_key_and_what_is_allowed(key, value, said):
    assert refusal(**{key: value}).startswith(said)


def test_a_wrong_key_of_a_map_names_those_of_its_own_method():
    message = refusal(attribute__maps={"a": {"method": "gradcam", "reference": "black"}})
    assert message.startswith("unknown key `attribute.maps.a.reference`; allowed here: ")
    assert "layer" in message


def test_a_map_without_a_method_is_told_which_there_are():
    message = refusal(attribute__maps={"a": {"target": "true"}})
    assert message.startswith("`attribute.maps.a.method` is missing; it is one of: ")
    assert "gradcam" in message


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"backbone__cut": "block6_pool"}, "`backbone.cut`: vgg16 has no layer `block6_pool`; it has: input, block1_"),
        ({"backbone__end": "top"}, "`backbone.end`: vgg16 has no layer `top`; it has: block1_conv1"),
        ({"backbone__end": "block4_pool"}, "`backbone.end`: `block4_pool` comes before the cut `block5_pool`"),
        ({"backbone__weights": "file"}, "`backbone.weights_file` must name a file"),
        ({"backbone__weights": "random", "backbone__weights_file": "x.h5"}, "`backbone.weights_file` is set, but"),
        ({"ingest__positive_class": "sick"}, "`ingest.positive_class`: 'sick' is not among `ingest.classes`: normal"),
        ({"attribute__maps": {"a": GRADCAM | {"target": "class:sick"}}}, "`attribute.maps.a.target`: 'sick' is not "),
        ({"attribute__maps": {"a": GRADCAM | {"contrast": "class:sick"}}}, "`attribute.maps.a.contrast`: 'sick' is "),
        ({"attribute__maps": {"a": GRADCAM | {"layer": "top"}}}, "`attribute.maps.a`: layer `top` is not in the model"),
        (
            {"attribute__maps": {"a": GRADCAM | {"contrast": "class:abnormal"}}},
            "`attribute.maps.a.contrast` is the target itself",
        ),
        (
            {"split__kind": "kfold", "attribute__splits": ["train", "validation"]},
            "`attribute.splits` needs test with `split.kind: kfold`",
        ),
        (
            {"split__test": 0, "attribute__splits": ["test"]},
            "`attribute.splits` has test alone, but `split.test` is 0; add validation",
        ),
        (
            {"head__kind": "attention", "image__fit": "native", "train__augment__brightness": 0.1}
            | {"backbone__cut": "input", "backbone__weights": "random"},
            "`train.augment.brightness` must be 0 where `image.fit: native`",
        ),
        (
            {"attribute__maps": {"a": {"method": "deeplift", "minus": "class:abnormal"}}},
            "`attribute.maps.a`: minus is the target itself",
        ),
        (
            {"attribute__maps": {"base": GRADCAM}, "render__naming": "ancestor"},
            "`attribute.maps.base`: `render.naming: ancestor` names the plain pictures so",
        ),
        ({"attribute__maps": {"prior": GRADCAM}}, "`attribute.maps.prior`: this is the name of a baseline"),
    ],
)
def test_sections_that_do_not_fit_each_other_are_refused(values, said):
    assert refusal(**values).startswith(said)


def test_sigmoid_is_for_two_classes():
    message = refusal(train__loss="sigmoid", ingest__classes=["a", "b", "abnormal"])
    assert message.startswith("`train.loss`: sigmoid is for two classes, `ingest.classes` has 3; use softmax")


def test_gradcam_looks_at_no_layer_behind_the_end():
    values = {"backbone__cut": "block4_pool", "backbone__end": "block5_conv2"}
    message = refusal(**values, attribute__maps={"a": GRADCAM | {"layer": "block5_conv3"}})
    assert "choose one of: block1_conv1" in message
    assert message.endswith("block5_conv2")


def test_several_problems_are_counted_and_one_is_told():
    assert refusal(train__epochs=0, train__batch_size=1).endswith("(and 1 more)")


def test_the_layout_follows_the_source_unless_set():
    assert params.parse(changed(), "").layout == "folder"


def test_a_missing_key_is_named_with_its_default(workspace):
    values = changed()
    del values["head"]["fc"]["width"]
    del values["report"]
    params_file = workspace / "params.yaml"
    factories.files.write_json(params_file, values)
    with pytest.raises(UserError, match=r"params\.yaml: `head\.fc\.width` is missing; add it \(default: 2048\)"):
        params.load(params_file)
    values["head"]["fc"]["width"] = 8
    factories.files.write_json(params_file, values)
    with pytest.raises(UserError, match=r"`report` is missing; add it \(default: \{"):
        params.load(params_file)


def test_a_misspelt_key_is_told_as_such_and_not_as_a_missing_one(workspace):
    values = changed()
    values["train"]["epoch"] = values["train"].pop("epochs")
    factories.files.write_json(workspace / "params.yaml", values)
    with pytest.raises(UserError, match="did you mean `epochs`"):
        params.load()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "must hold sections"),
        ("- a\n- b\n", "must hold sections"),
        ("train: {epochs: 3\n", "is not YAML: .* in line 2"),
        ("recipe: a\nrecipe: b\n", "is not YAML: .*duplicate key.* in line 2"),
        ("\tx: 1\n", "is not YAML: .* in line 1"),
    ],
)
def test_a_file_that_is_no_mapping_is_told_so(workspace, text, said):
    (workspace / "params.yaml").write_text(text)
    with pytest.raises(UserError, match=said) as error:
        params.load()
    assert "\n" not in str(error.value)


def test_a_missing_file_is_told_so(tmp_path):
    with pytest.raises(UserError, match=r"params\.yaml is missing; copy one from recipes/"):
        params.load(tmp_path / "params.yaml")


def test_numbers_and_words_are_read_as_dvc_reads_them(workspace):
    """`dvc exp run -S train.learning_rate=0.00001` writes 1e-05, a text in YAML 1.1; `no` is a class in YAML 1.2."""
    shutil.copy(PROJECT / "params.yaml", workspace)
    text = (workspace / "params.yaml").read_text()
    text = re.sub(r"(\n  learning_rate:) [0-9.]+", r"\1 1e-05", text)
    text = text.replace("classes: [normal, abnormal]", "classes: [no, yes]")
    text = text.replace("positive_class: abnormal", "positive_class: yes")
    (workspace / "params.yaml").write_text(text)
    loaded = params.load()
    assert loaded.train.learning_rate == 1e-5
    assert loaded.ingest.classes == ["no", "yes"]
    from dvc.utils.serialize import load_yaml

    assert load_yaml("params.yaml")["train"]["learning_rate"] == 1e-5


def test_reading_params_needs_no_network_library(workspace):
    """A stage with nothing to compute starts in well under a second only if TensorFlow stays out of it."""
    code = "import sys; from stages.common import params; print({'tensorflow', 'keras', 'torch'} & set(sys.modules))"
    result = factories.python("-c", code, folder=workspace)
    assert result.stdout.strip() == "set()", result.stderr
