"""The commands that the documentation tells a reader to type."""

import re
from pathlib import Path

from tests.factories import PROJECT

PAGES = [PROJECT / "README.md", *sorted((PROJECT / "docs").glob("*.md"))]
SHELL = ("", "console", "sh", "bash")
FENCE = re.compile(r"^ *```(\w*)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
INLINE = re.compile(r"(?<!`)`([^`]+)`(?!`)")
PROGRAMS = ("python", "python3", "dvc", "git", "make", "cp", "cd", "pip", "tar", "mkdir", "sha256sum", "apt-get")


def commands(page: Path) -> list[str]:
    """Every line of the shell blocks of a page, and every command within its text, in the order of the page."""
    text = page.read_text(encoding="utf-8")
    found = [
        (block.start(), without_comment(line))
        for block in FENCE.finditer(text)
        if block[1] in SHELL
        for line in block[2].splitlines()
    ]
    outside = FENCE.sub(lambda block: " " * len(block[0]), text)
    spans = [(span.start(), " ".join(span[1].split())) for span in INLINE.finditer(outside)]
    found += [(place, span) for place, span in spans if span.split(" ")[0] in PROGRAMS and " " in span]
    return [command for _, command in sorted(found, key=lambda pair: pair[0]) if command]


def without_comment(line: str) -> str:
    """A line of a shell block without what stands behind ` #`."""
    return re.sub(r"(^|\s)#.*", "", line).strip()
