"""dvc.yaml against the code and the schema: nothing that a stage depends on is left out, and nothing is made up."""

import ast
import re
from pathlib import Path

import pytest
import yaml

from stages.common.params import Params
from stages.common.schema import Section

PROJECT = Path(__file__).parents[2]
STAGES = yaml.safe_load((PROJECT / "dvc.yaml").read_text())["stages"]
BODIES = {name: stage.get("do", stage) for name, stage in STAGES.items()}
SCHEMA = "stages.common.params"  # reached by every stage: what it reads is tracked by value, under `params:`
HARMLESS = {  # how a stage speaks and fails, and where it finds its files, which dvc.yaml says itself
    f"stages/common/{name}.py" for name in ("console", "errors", "paths", "schema")
}
UNTRACKED = {"compute", "source.openi.network"}  # where and how a thing runs must not change what it is


def leaves(section: type[Section], prefix: str = "") -> set[str]:
    """The dotted names of all values below a section."""
    found = set()
    for name, field in section.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, Section):
            found |= leaves(field.annotation, f"{prefix}{name}.")
        else:
            found.add(f"{prefix}{name}")
    return found


def imports(path: Path) -> set[Path]:
    """The project's modules that a file imports anywhere in it, the schema left out."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        for name in names:
            if name.startswith("stages.") and name != SCHEMA:
                found |= files_of(name)
    return found


def files_of(module: str) -> set[Path]:
    base = PROJECT / module.replace(".", "/")
    return {path for path in (base.with_suffix(".py"), base / "__init__.py") if path.exists()}


def closure(start: Path) -> set[Path]:
    """All modules that running a stage may import."""
    seen, waiting = set(), [start]
    while waiting:
        path = waiting.pop()
        if path not in seen:
            seen.add(path)
            waiting += imports(path)
    return seen


@pytest.mark.parametrize("stage", [name for name in BODIES if name != "check"])
def test_a_stage_lists_the_code_it_runs(stage: str) -> None:
    listed = [PROJECT / dep for dep in BODIES[stage]["deps"] if dep.startswith("stages")]
    reached = closure(PROJECT / f"stages/{stage}/__main__.py")
    missing = {
        str(path.relative_to(PROJECT))
        for path in reached
        if path.read_text().strip() and not any(path == dep or dep in path.parents for dep in listed)
    } - HARMLESS
    assert not missing, f"{stage} runs code that dvc.yaml does not list under deps"
    unused = [str(dep.relative_to(PROJECT)) for dep in listed if not any(dep == p or dep in p.parents for p in reached)]
    assert not unused, f"{stage} lists code that it never runs"


@pytest.mark.parametrize(("folder", "constant"), [("data/images", "IMAGES"), ("data/masks", "MASKS")])
def test_a_stage_that_reads_images_depends_on_the_list_of_their_digests(folder: str, constant: str) -> None:
    """Looking at each file of the folder in every stage took half of a `dvc repro` that has nothing to do."""
    assert {folder, f"{folder}.sha256"} <= set(BODIES["ingest"]["outs"]), "the list is written with the folder"
    for name in BODIES.keys() - {"check", "ingest"}:
        reached = closure(PROJECT / f"stages/{name}/__main__.py")
        reads = any(re.search(rf"paths\.{constant}\b", path.read_text()) for path in reached)
        assert (f"{folder}.sha256" in BODIES[name]["deps"]) == reads, name
        assert folder not in BODIES[name]["deps"], name


def below(name: str) -> set[str]:
    """The values that a tracked name stands for: itself, or all in a section."""
    return {key for key in leaves(Params) if key == name or key.startswith(f"{name}.")} or {name}


def test_every_parameter_is_tracked_or_known_not_to_matter() -> None:
    tracked = {name: set().union(*map(below, body.get("params", []))) for name, body in BODIES.items()}
    expected = leaves(Params) - set().union(*map(below, UNTRACKED))
    assert set().union(*tracked.values()) == expected | {"attribute.maps.${key}"}
    assert tracked["report"] == expected, "the report shows all of params.yaml"


@pytest.mark.parametrize("stage", BODIES)
def test_a_section_that_is_tracked_whole_is_one_name(stage: str) -> None:
    """For each name dvc walks through the whole of params.yaml: it took a fifth of a run that has nothing to do."""
    names = BODIES[stage].get("params", [])
    tracked = set().union(*map(below, names))
    for section in {name.rpartition(".")[0] for name in names} - {""}:
        assert not below(section) <= tracked, f"list {section}"


@pytest.mark.parametrize("stage", BODIES)
def test_every_stage_comes_after_the_check_and_says_what_it_does(stage: str) -> None:
    body = BODIES[stage]
    assert body["desc"]
    assert stage == "check" or "data/params.ok" in body["deps"]


def test_only_fetch_persists_and_only_small_results_are_in_git() -> None:
    for name, body in BODIES.items():
        for out in body.get("outs", []) + body.get("metrics", []):
            path, options = next(iter(out.items())) if isinstance(out, dict) else (out, {})
            assert options.get("persist", False) == (name == "fetch" and path == "data/raw")
            assert options.get("cache", True) == (not path.startswith(("metrics/", "plots/")))
