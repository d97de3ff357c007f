"""The model card, from the report's numbers (Mitchell et al. 2019, arXiv:1810.03993)."""

import re
from collections.abc import Sequence
from pathlib import Path

import jinja2

from stages.localize.metrics import METRICS
from stages.report import cautions, describe, numbers
from stages.report.numbers import Node
from stages.report.run import Run

TEMPLATE = Path(__file__).parent / "assets" / "model_card.md.j2"


def text(run: Run, evaluate: Node, localize: Node) -> str:
    """The model card of a run as Markdown."""
    environment = jinja2.Environment(
        undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True, finalize=_finalize
    )
    environment.globals.update(number=_number, score=_score, listed=_listed)
    columns, counts = describe.counts(run)
    return environment.from_string(TEMPLATE.read_text(encoding="utf-8")).render(
        run=run,
        params=run.params,
        evaluate=evaluate,
        block=evaluate[run.headline],
        localize=localize,
        classes=run.classes,
        positive=run.positive,
        headline=run.headline,
        cautions=[_Ready(plain_text(caution.text.striptags())) for caution in cautions.find(run, evaluate, localize)],
        in_words=cautions.in_words,
        columns=columns,
        counts=counts,
        facts=describe.facts(run),
        rejected=describe.rejected(run),
        weights=run.weights,
        metric_words={name: metric.title for name, metric in METRICS.items()},
    )


def plain_text(value: object) -> str:
    """Text that stays what it is in Markdown: no markup, no HTML, one line."""
    line = " ".join(str(value).split())
    return re.sub(r"([\\`*_\[\]<>|#])", r"\\\1", line).replace("&", "&amp;")


class _Ready(str):
    """Markdown as it should stand."""


def _finalize(value: object) -> object:
    return value if isinstance(value, _Ready) else _Ready(plain_text(value))


def _listed(names: Sequence[str]) -> _Ready:
    return _Ready(", ".join(plain_text(name) for name in names))


def _number(node: Node, digits: int = 2) -> _Ready:
    return _Ready(numbers.plain(node, digits))


def _score(node: Node, digits: int = 2) -> _Ready:
    return _Ready(numbers.plain_score(node, digits))
