"""The model card."""

import pytest

from stages.report import card, numbers, run
from tests.report import factory

SECTIONS = [
    "Model details",
    "Intended use",
    "Factors",
    "Metrics",
    "Data",
    "Quantitative analyses",
    "Ethical considerations",
    "Caveats and recommendations",
]


RECIPES = {"two": factory.Recipe(), "three": factory.THREE, "bare": factory.Recipe(maps=())}


@pytest.mark.parametrize("recipe", RECIPES.values(), ids=RECIPES)
def test_sections_and_numbers(tmp_path, recipe):
    result = run.read(tmp_path, factory.workspace(tmp_path, recipe))
    evaluate, localize = numbers.root(result.evaluate, "e"), numbers.root(result.localize, "l")
    text = card.text(result, evaluate, localize)
    assert [line[3:] for line in text.splitlines() if line.startswith("## ")] == SECTIONS
    assert f"| ROC AUC | {numbers.plain_score(evaluate['test']['roc_auc'])} |" in text
    assert "not for diagnosis" in text
    for name in recipe.classes:
        assert f"| {name} | {evaluate['test']['per_class'][name]['support'].value} |" in text
    rows = [line for line in text.splitlines() if line.startswith("|")]
    assert all(line.endswith("|") for line in rows)


def test_tables_are_unbroken(tmp_path):
    """A blank line inside a Markdown table would end it."""
    result = run.read(tmp_path, factory.workspace(tmp_path, factory.Recipe()))
    lines = card.text(result, numbers.root(result.evaluate, "e"), numbers.root(result.localize, "l")).splitlines()
    for place, line in enumerate(lines):
        if line.startswith("|---"):
            assert lines[place - 1].startswith("|") and lines[place + 1].startswith("|")
            assert lines[place - 1].count("|") == line.count("|") == lines[place + 1].count("|")


def test_markup_in_text_is_shown_not_used():
    assert card.plain_text("<img src=x>\n# [a](b) | `c`") == r"\<img src=x\> \# \[a\](b) \| \`c\`"
