"""The items of the search API, rebuilt from the report archive by the rules that hold for all 7,470 of them."""

import tarfile
from pathlib import Path
from xml.etree import ElementTree

SECTIONS = ("Comparison", "Indication", "Findings", "Impression")


def read(archive: Path) -> list[dict]:
    """An item an image, in the order of report numbers: the first two are those of the recorded answer."""
    with tarfile.open(archive, "r:gz") as tar:
        roots = [ElementTree.fromstring(tar.extractfile(member).read()) for member in tar if member.isfile()]
    roots.sort(key=lambda root: int(root.find("IUXRId").get("id")))
    return [_item(root, image) for root in roots for image in root.findall("parentImage")]


def image_id(item: dict) -> str:
    """The image of an item."""
    return item["imgLarge"].rsplit("/", 1)[1].removesuffix(".png")


def _item(root: ElementTree.Element, image: ElementTree.Element) -> dict:
    number, name = root.find("IUXRId").get("id"), image.get("id")
    majors = [major.text for major in root.findall("MeSH/major")]
    texts = {text.get("Label").title(): text.text or "" for text in root.iter("AbstractText")}
    year, month, day = root.findtext("articleDate").split("-")
    authors = [f"{author.findtext('LastName')} {author.findtext('Initials')}" for author in root.iter("Author")]
    folder = f"{int(number) % 401}/{number}"
    return {
        "uid": root.find("uId").get("id"),
        "pmcid": number,
        "note": root.findtext("note"),
        "docSource": root.findtext("docSource"),
        "articleType": root.find("meta").get("type"),
        "title": root.findtext("title"),
        "fulltext_html_url": "",
        "journal_title": "",
        "journal_abbr": "",
        "journal_date": {"day": day, "month": month, "year": year},
        "authors": ", ".join(authors),
        "affiliate": root.findtext(".//Affiliation"),
        "impression": texts["Impression"],
        "MeSH": {"minor": [], "major": majors},
        "Problems": ";".join(major.partition("/")[0] for major in majors),
        "ccLicense": root.findtext("ccLicense"),
        "licenseURL": root.findtext("licenseURL"),
        "licenseType": root.findtext("licenseType"),
        "abstract": "".join(f"<p><b>{name}: </b>{texts[name]}</p>" for name in SECTIONS),
        "image": {
            "id": image.findtext("figureId"),
            "caption": image.findtext("caption"),
            "modalityMajor": "x",
            "mention": "",
        },
        "imgThumb": f"/imgs/100/{folder}/{name}.png",
        "imgLarge": f"/imgs/512/{folder}/{name}.png",
        "imgThumbLarge": f"/imgs/137/{folder}/{name}.png",
        "imgGrid150": f"/imgs/150/{folder}/{name}.png",
        "similarInCollection": f"retrieve.php?simCollection={name}&query=&req=3",
        "getArticleFigures": f"retrieve.php?uid={root.find('uId').get('id')}&req=5",
        "detailedQueryURL": f"retrieve.php?img={name}&query=&coll=cxr&req=4",
        "similarInResults": f"retrieve.php?simResults={name}&query=&coll=cxr&req=2",
    }
