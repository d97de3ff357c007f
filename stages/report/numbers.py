"""Numbers of the metrics files on the page: rounded to be read, carrying their full value and where it stands."""

from collections.abc import Iterator
from dataclasses import dataclass

from markupsafe import Markup

NONE = "\N{EN DASH}"
MINUS = "\N{MINUS SIGN}"
MISSING = Markup(f'<span class="missing" title="not available">{NONE}</span>')


@dataclass(frozen=True)
class Node:
    """A value inside a JSON file, or the absence of one, and its place: `file#/a/b` (JSON Pointer, RFC 6901)."""

    value: object
    place: str

    def __getitem__(self, key: str) -> "Node":
        """What stands under a key; a Node of None where there is nothing."""
        inner = self.value.get(key) if isinstance(self.value, dict) else None
        return Node(inner, f"{self.place}/{str(key).replace('~', '~0').replace('/', '~1')}")

    def __bool__(self) -> bool:
        """Whether there is anything."""
        return self.value is not None and self.value != {}

    def __str__(self) -> str:
        """The text that stands here; nothing where there is none."""
        return "" if self.value is None else str(self.value)

    def __iter__(self) -> Iterator[str]:
        """The keys under this place, in the file's order."""
        return iter(self.value if isinstance(self.value, dict) else ())


def root(value: dict, file: str) -> Node:
    """The whole of a JSON file, named as it is in the workspace (metrics/evaluate.json)."""
    return Node(value, f"{file}#")


def number(node: Node, digits: int = 2, signed: bool = False) -> Markup:
    """A number for the page: `<data>` with the full value and its place; whole numbers are not rounded."""
    if not is_number(node):
        return MISSING
    return Markup('<data value="{value}" data-metric="{place}" title="{value}">{text}</data>').format(
        value=repr(node.value), place=node.place, text=plain(node, digits, signed)
    )


def score(node: Node, digits: int = 2, signed: bool = False, ends: tuple[str, str] = ("low", "high")) -> Markup:
    """A `{mean, low, high}` as `0.91 (0.86 to 0.95)`; without an interval the number alone. `ends`: other keys."""
    if not is_number(node["mean"]):
        return MISSING
    if not is_number(node[ends[0]]):
        return number(node["mean"], digits, signed)
    return Markup('{} <span class="interval">({} to {})</span>').format(
        *(number(node[part], digits, signed) for part in ("mean", *ends))
    )


def plain(node: Node, digits: int = 2, signed: bool = False) -> str:
    """The rounded number as text (a dash where there is none), with a true minus sign."""
    if not is_number(node):
        return NONE
    if isinstance(node.value, int):
        return f"{node.value:,}"
    text = f"{node.value:{'+' if signed else ''}.{digits}f}"
    if float(text) == 0:
        text = text.lstrip("+-")
    return text.replace("-", MINUS)


def plain_score(node: Node, digits: int = 2, signed: bool = False) -> str:
    """`score` as text."""
    mean, low, high = (plain(node[part], digits, signed) for part in ("mean", "low", "high"))
    return mean if low == NONE else f"{mean} ({low} to {high})"


def is_number(node: Node) -> bool:
    """Whether a number stands here."""
    return isinstance(node.value, (int, float)) and not isinstance(node.value, bool)
