"""docs/parameters.md is the schema's page."""

from stages.check.document import PAGE, document


def test_the_page_is_up_to_date() -> None:
    assert PAGE.read_text(encoding="utf-8") == document(), "run `python -m stages.check.document`"
