"""Every key of params.yaml in one page: `python -m stages.check.document` writes docs/parameters.md."""

import types
import typing
from collections.abc import Collection
from pathlib import Path

import yaml
from pydantic.fields import FieldInfo

from stages.attribute.methods import METHODS
from stages.attribute.methods.base import MapSettings
from stages.common import files
from stages.common.params import Params
from stages.common.schema import Section

PAGE = Path("docs/parameters.md")
INTRODUCTION = """# Parameters

Every key of `params.yaml`, with its default. This page is made from the schema (`python -m stages.check.document`).
A key that is not listed here is refused, with the nearest name; all keys but those under `attribute.maps.<name>` must
stand in the file. The files in `recipes/` are complete.
"""
METHODS_INTRODUCTION = """## The methods of `attribute.maps.<name>`

Each map has a `method`, these keys, and those of its method; those left out take their defaults.
"""
NAMES = {int: "integer", float: "number", str: "text", bool: "true, false", type(None): "null"}


def document() -> str:
    """The whole page, as Markdown."""
    pages = [INTRODUCTION, *_section(Params, "")]
    pages += [METHODS_INTRODUCTION, _table(MapSettings)]
    for name, method in METHODS.items():
        about = f"{method.DESCRIPTION[0].upper()}{method.DESCRIPTION[1:]}. Explains {method.EXPLAINS}."
        pages += [f"### `method: {name}`\n\n{about}\n", _table(method.Settings, set(MapSettings.model_fields))]
    return "\n".join(filter(None, pages))


def _section(section: type[Section], prefix: str) -> list[str]:
    """A section's own keys, then each section below it."""
    pages = []
    if prefix:
        pages.append(f"## `{prefix[:-1]}`\n\n{section.__doc__.strip()}\n")
    pages.append(_table(section))
    for name, field in section.model_fields.items():
        if _is_section(field.annotation):
            pages += _section(field.annotation, f"{prefix}{name}.")
    return pages


def _table(section: type[Section], known: Collection[str] = ()) -> str:
    """A section's own keys but those that are known."""
    rows = [
        f"| `{name}` | {_kind(field)} | `{_value(field)}` | {' '.join((field.description or '').split())} |"
        for name, field in section.model_fields.items()
        if not _is_section(field.annotation) and name not in ("method", *known)
    ]
    return "\n".join(["| key | value | default | meaning |", "|---|---|---|---|", *rows, ""]) if rows else ""


def _is_section(annotation: object) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, Section)


def _kind(field: FieldInfo) -> str:
    bounds = [
        f"{sign} {getattr(constraint, key):g}"
        for constraint in field.metadata
        for key, sign in (("ge", "≥"), ("gt", ">"), ("le", "≤"), ("lt", "<"))
        if isinstance(getattr(constraint, key, None), int | float)
    ]
    return " ".join([_words(field.annotation), *bounds])


def _words(annotation: object) -> str:
    """A type as a reader of YAML names it."""
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is typing.Annotated:
        return _words(arguments[0])
    if origin is typing.Literal:
        return ", ".join(f"`{value}`" for value in arguments)
    if origin in (typing.Union, types.UnionType):
        return " or ".join(dict.fromkeys(_words(argument) for argument in arguments))
    if origin is list:
        return f"list of {_words(arguments[0])}"
    return "mapping" if origin is dict else NAMES[annotation]


def _value(field: FieldInfo) -> str:
    value = field.default
    if isinstance(value, dict):
        value = {name: item.model_dump() if isinstance(item, Section) else item for name, item in value.items()}
    return yaml.safe_dump(value, default_flow_style=True, width=10_000).removesuffix("\n...\n").strip()


if __name__ == "__main__":
    files.write_text(PAGE, document())
