"""params.yaml: its schema, read and checked whole.

Each section's keys live in a `Settings` class beside the code that they configure; this module joins them and checks
what several sections must agree on.
"""

import difflib
import json
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from stages.attribute.methods import METHODS
from stages.attribute.settings import Settings as AttributeSettings
from stages.common.errors import UserError
from stages.common.schema import Section
from stages.evaluate.settings import Settings as EvaluateSettings
from stages.extract.settings import Settings as ExtractSettings
from stages.fetch.settings import Settings as SourceSettings
from stages.ingest.settings import Settings as IngestSettings
from stages.localize.settings import Settings as LocalizeSettings
from stages.models.backbones.settings import Settings as BackboneSettings
from stages.models.heads.settings import Settings as HeadSettings
from stages.models.image import ImageSettings
from stages.render.settings import Settings as RenderSettings
from stages.report.settings import Settings as ReportSettings
from stages.shortcuts.settings import Settings as ShortcutsSettings
from stages.split.settings import Settings as SplitSettings
from stages.train.settings import Settings as TrainSettings
from stages.trust.settings import Settings as TrustSettings

PARAMS = Path("params.yaml")


class ComputeSettings(Section):
    """Where and how the work is done. No stage depends on it: it must not change what comes out."""

    workers: Annotated[int, Field(ge=1)] = 2
    """Processes or threads that decode, check and draw images."""

    cache_dir: str | None = None
    """Folder of the feature store; null: `lesionmap` in the user's cache folder."""

    memory_mb: Annotated[int, Field(ge=64)] = 4096
    """Features above this size are read from disk while training, rather than kept in memory."""

    gpus: Annotated[int, Field(ge=1)] = 1
    """GPUs that share each batch of a training, at the most. Several add up in another order and draw dropout anew:
    the same training up to rounding and chance; `devices` in model.json says how many there were."""


class Params(Section):
    """The whole of params.yaml."""

    recipe: Annotated[str, Field(min_length=1)] = "phantom"
    """A name for this set of parameters, shown in the report."""

    compute: ComputeSettings = ComputeSettings()
    source: SourceSettings = SourceSettings()
    ingest: IngestSettings = IngestSettings()
    image: ImageSettings = ImageSettings()
    split: SplitSettings = SplitSettings()
    backbone: BackboneSettings = BackboneSettings()
    extract: ExtractSettings = ExtractSettings()
    head: HeadSettings = HeadSettings()
    train: TrainSettings = TrainSettings()
    evaluate: EvaluateSettings = EvaluateSettings()
    attribute: AttributeSettings = AttributeSettings()
    localize: LocalizeSettings = LocalizeSettings()
    trust: TrustSettings = TrustSettings()
    shortcuts: ShortcutsSettings = ShortcutsSettings()
    render: RenderSettings = RenderSettings()
    report: ReportSettings = ReportSettings()

    @property
    def layout(self) -> Literal["folder", "openi", "breakhis"]:
        """How data/raw is read: `ingest.layout`, or what follows from the source."""
        return self.ingest.layout or ("openi" if self.source.kind == "openi" else "folder")


def load(path: Path = PARAMS) -> Params:
    """Read and check params.yaml.

    Raises:
        UserError: the file is missing or no YAML, a key is unknown or missing, a value is not allowed or does not fit
            another.
    """
    values = read_yaml(path)
    _refuse_missing(values, Params, (), path)
    return parse(values, str(path))


def parse(values: dict, origin: str) -> Params:
    """Check parameters given as nested dictionaries; missing ones take their defaults. `origin` is for messages."""
    try:
        params = Params.model_validate(values)
    except ValidationError as error:
        problems = [_in_words(problem) for problem in error.errors()]
        raise UserError(f"{origin}: {_one_line(problems)}") from None
    from stages.common import crosschecks

    problems = crosschecks.problems(params)
    if problems:
        raise UserError(f"{origin}: {_one_line(problems)}")
    return params


def read_yaml(path: Path) -> dict:
    """The mapping in a YAML file, or a UserError. Read as dvc does, as YAML 1.2: 1e-5 is a number, `no` a text."""
    try:
        values = YAML(typ="safe").load(Path(path).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UserError(f"{path} is missing; copy one from recipes/") from None
    except (YAMLError, UnicodeDecodeError) as error:
        raise UserError(f"{path} is not YAML: {_place(error)}") from None
    if not isinstance(values, dict):
        raise UserError(f"{path} must hold sections such as `source:`; copy one from recipes/")
    return values


def _place(error: Exception) -> str:
    mark = getattr(error, "problem_mark", None)
    return str(error) if mark is None else f"{error.problem} in line {mark.line + 1}"


def _refuse_missing(values: object, section: type[Section], at: tuple[str, ...], path: Path) -> None:
    """Every key must stand in the file: dvc tracks the parameters of a stage one by one and by name."""
    if not isinstance(values, dict):
        return  # the schema says what is wrong with it
    for name, field in section.model_fields.items():
        here = (*at, name)
        if name not in values:
            if set(values) - set(section.model_fields):
                return  # an unknown key is probably this one misspelt: the schema says so
            raise UserError(f"{path}: `{'.'.join(here)}` is missing; add it (default: {_default(field.default)})")
        if isinstance(field.annotation, type) and issubclass(field.annotation, Section):
            _refuse_missing(values[name], field.annotation, here, path)


def _default(value: object) -> str:
    if isinstance(value, Section):
        value = value.model_dump()
    return json.dumps(value, ensure_ascii=False)  # which is YAML too


def _in_words(problem: dict) -> str:
    """One of pydantic's errors as the key's path, what was given, what is allowed."""
    location = [str(part) for part in problem["loc"] if part != "[key]"]
    allowed = _names_at(location[:-1])
    if location[:2] == ["attribute", "maps"] and len(location) > 3:
        del location[3]  # the method's name, which pydantic puts between a map's name and its keys
    key = ".".join(location)
    if problem["type"] == "extra_forbidden":
        return f"unknown key `{key}`{_nearest(location[-1], allowed)}"
    if problem["type"] == "union_tag_not_found":
        return f"`{key}.method` is missing; it is one of: {', '.join(METHODS)}"
    if problem["type"] == "union_tag_invalid":
        tag = str(problem["ctx"]["tag"])
        return f"`{key}.method`: there is no method `{tag}`{_nearest(tag, list(METHODS))}"
    if problem["type"].startswith("model_"):
        return f"`{key}` must hold keys and their values (given: {problem['input']!r})"
    message = problem["msg"].removeprefix("Value error, ")
    given = problem.get("input")
    shown = "" if isinstance(given, (dict, Section)) else f" (given: {given!r})"
    return f"`{key}`: {message[0].lower()}{message[1:]}{shown}"


def _nearest(name: str, allowed: list[str]) -> str:
    near = difflib.get_close_matches(name, allowed, n=1, cutoff=0.5)
    if near:
        return f"; did you mean `{near[0]}`?"
    return f"; allowed here: {', '.join(allowed)}" if allowed else ""


def _names_at(parents: list[str]) -> list[str]:
    """The keys of the section at a path of pydantic's, in which a map's name is followed by its method's."""
    if parents[:2] == ["attribute", "maps"]:
        return list(METHODS[parents[3]].Settings.model_fields) if len(parents) > 3 else []
    section: type[Section] = Params
    for name in parents:
        if name not in section.model_fields:
            return []
        annotation = section.model_fields[name].annotation
        if not (isinstance(annotation, type) and issubclass(annotation, Section)):
            return []
        section = annotation
    return list(section.model_fields)


def _one_line(problems: list[str]) -> str:
    more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
    return problems[0] + more
