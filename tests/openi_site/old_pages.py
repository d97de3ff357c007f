"""Pages of the old site as a browser saved them, reconstructed from the selectors that its scrapers used."""

import html
import json
from pathlib import Path

from tests.openi_site.items import image_id

RESULTS = """<!DOCTYPE html><html><head><title>Open-i</title>
<script language="javascript" type="text/javascript">
var page = 1;
var oi = {entries};
var total = {total};
</script></head><body><div id="grid"></div></body></html>
"""
DETAIL = """<!DOCTYPE html><html><head><title>Open-i</title><script>var other = [1];</script></head><body>
<table class="masterresultstable"><tr><td><img id="theImage" src="{picture}" alt=""></td><td>
<div class="meshtext-wrapper"><div class="meshtext-wrapper-left"><strong>Major</strong><ul>{majors}</ul></div>
<div class="meshtext-wrapper-left"><strong>Minor</strong><ul><li>not to be taken</li></ul></div></div>
</td></tr></table></body></html>
"""


def save(folder: Path, items: list[dict], with_text: bool = True) -> None:
    """Write a result page for each ten items, and a detail page for each item."""
    folder.mkdir(parents=True)
    for start in range(0, len(items), 10):
        page = [_entry(item, with_text) for item in items[start : start + 10]]
        text = RESULTS.format(entries=json.dumps(page), total=len(items))
        (folder / f"gridquery-{start:04d}.html").write_text(text, encoding="utf-8")
    for item in items:
        majors = "".join(f"<li>{html.escape(major)}</li>" for major in item["MeSH"]["major"])
        text = DETAIL.format(picture=item["imgLarge"], majors=majors)
        (folder / f"detail-{image_id(item)}.html").write_text(text, encoding="utf-8")


def _entry(item: dict, with_text: bool) -> dict:
    entry = {"nodeRef": f"detailedresult.php?img={image_id(item)}&query=&it=x,xg&req=4&simCollection=x"}
    return entry | {key: item[key] for key in ("uid", "abstract", "image", "licenseURL")} if with_text else entry
