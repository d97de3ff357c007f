"""A small report archive of the shape of NLMCXR_reports.tgz, and its pictures as tar files, with made-up content."""

import io
import random
import tarfile
from dataclasses import dataclass, field
from pathlib import Path
from xml.sax.saxutils import escape

from tests.openi_site import radiograph

FINDINGS = ("Cardiomegaly/mild", "Opacity/lung/base/left", "Pleural Effusion/right", "Lung/hypoinflation")
TEMPLATE = """<?xml version="1.0" encoding="utf-8"?>
<eCitation>
   <meta type="rr"/>
   <uId id="CXR{number}"/>
   <pmcId id="{number}"/>
   <docSource>CXR</docSource>
   <IUXRId id="{number}"/>
   <licenseType>open-access</licenseType>
   <licenseURL>http://creativecommons.org/licenses/by-nc-nd/4.0/</licenseURL>
   <ccLicense>byncnd</ccLicense>
   <articleDate>2013-08-01</articleDate>
   <title>Indiana University Chest X-ray Collection</title>
   <note>The data are drawn from multiple hospital systems.</note>
   <MedlineCitation><Article><Abstract>
      <AbstractText Label="COMPARISON">{comparison}</AbstractText>
      <AbstractText Label="INDICATION">{indication}</AbstractText>
      <AbstractText Label="FINDINGS">{findings}</AbstractText>
      <AbstractText Label="IMPRESSION">{impression}</AbstractText>
   </Abstract><Affiliation>Indiana University</Affiliation>
   <AuthorList><Author><LastName>Kohli</LastName><Initials>MD</Initials></Author>
   <Author><LastName>Rosenman</LastName><Initials>M</Initials></Author></AuthorList></Article></MedlineCitation>
   <MeSH>{majors}</MeSH>
   {images}
</eCitation>
"""
IMAGE = "<parentImage id={id!r}><figureId>F{place}</figureId><caption>{caption}</caption></parentImage>"


@dataclass(frozen=True)
class Report:
    """What a made-up report says."""

    number: int
    majors: tuple[str, ...] = ("normal",)
    images: int = 2
    comparison: str = "None."
    indication: str = "Chest pain"
    findings: str = "The heart is normal in size. [<The lungs are clear.>] Seen by Dr. <XXXX>"
    impression: str = "No acute disease."
    caption: str = "PA and lateral views "
    image_ids: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        names = (f"CXR{self.number}_IM-{self.number % 97:04d}-{place}001" for place in range(1, self.images + 1))
        object.__setattr__(self, "image_ids", tuple(names))

    def xml(self) -> str:
        """The report as the archive holds it."""
        texts = {name: escape(getattr(self, name)) for name in ("comparison", "indication", "findings", "impression")}
        majors = "".join(f"<major>{escape(major)}</major>" for major in self.majors)
        caption = escape(self.caption)
        numbered = enumerate(self.image_ids, start=1)
        images = "\n".join(IMAGE.format(id=name, place=place, caption=caption) for place, name in numbered)
        return TEMPLATE.format(number=self.number, majors=majors, images=images, **texts)


def some(count: int, seed: int = 0) -> list[Report]:
    """Reports of all kinds, with one to three images each."""
    chance = random.Random(seed)
    kinds = [("normal",)] * 4 + [(chance.choice(FINDINGS), chance.choice(FINDINGS)) for _ in range(4)]
    kinds += [("No Indexing",), ("Technical Quality of Image Unsatisfactory ",)]
    kinds += [("Technical Quality of Image Unsatisfactory ", "Cardiomegaly")]
    return [
        Report(number, kinds[number % len(kinds)], chance.choice((1, 2, 2, 2, 3))) for number in range(1, count + 1)
    ]


def write(path: Path, reports: list[Report]) -> Path:
    """Write the report archive."""
    return tar(path, {f"ecgen-radiology/{report.number}.xml": report.xml().encode() for report in reports})


def write_pictures(path: Path, reports: list[Report], width: int) -> Path:
    """Write the archive of PNGs."""
    return tar(path, {f"{name}.png": radiograph.png(name, width, abnormal) for name, abnormal in _pictures(reports)})


def write_dicoms(path: Path, reports: list[Report], width: int) -> Path:
    """Write the archive of DICOM files, named and foldered as in the real one."""
    content = {}
    for name, abnormal in _pictures(reports):
        number, _, rest = name.removeprefix("CXR").partition("_")
        content[f"NLMCXR_dcm/{number}/{number}_{rest}.dcm"] = radiograph.dicom(name, width, abnormal)
    return tar(path, content)


def tar(path: Path, content: dict[str, bytes]) -> Path:
    """Write a tar.gz file."""
    with tarfile.open(path, "w:gz") as archive:
        for name, body in content.items():
            member = tarfile.TarInfo(name)
            member.size = len(body)
            archive.addfile(member, io.BytesIO(body))
    return path


def _pictures(reports: list[Report]) -> list[tuple[str, bool]]:
    return [(name, report.majors != ("normal",)) for report in reports for name in report.image_ids]
