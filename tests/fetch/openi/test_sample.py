import random
from collections import Counter
from pathlib import Path

from stages.fetch.openi import archive, sample, terms


def kinds(images: list) -> Counter:
    return Counter(terms.kind(terms.split(image.majors)) for image in images)


def test_a_sample_is_balanced_and_does_not_depend_on_the_order(archives: Path) -> None:
    images = archive.read_reports(archives / "NLMCXR_reports.tgz").images
    chosen = sample.choose(images, 20)
    assert kinds(chosen) == {"normal": 10, "abnormal": 10}
    shuffled = random.Random(1).sample(images, len(images))
    assert sample.choose(shuffled, 20) == chosen == sorted(chosen)


def test_a_larger_sample_holds_a_smaller_one(archives: Path) -> None:
    images = archive.read_reports(archives / "NLMCXR_reports.tgz").images
    assert set(sample.choose(images, 10)) < set(sample.choose(images, 30))


def test_reports_are_taken_whole_but_for_the_last(archives: Path) -> None:
    images = archive.read_reports(archives / "NLMCXR_reports.tgz").images
    whole, chosen = Counter(image.report_id for image in images), sample.choose(images, 20)
    cut = [name for name, count in Counter(image.report_id for image in chosen).items() if count < whole[name]]
    assert len(cut) <= 2


def test_what_one_class_lacks_the_other_gives(archives: Path) -> None:
    images = archive.read_reports(archives / "NLMCXR_reports.tgz").images
    few = [image for image in images if image.majors != "normal"]
    few += [image for image in images if image.majors == "normal"][:3]
    assert kinds(sample.choose(few, 20)) == {"normal": 3, "abnormal": 17}


def test_without_a_limit_everything_is_taken(archives: Path) -> None:
    images = archive.read_reports(archives / "NLMCXR_reports.tgz").images
    assert sample.choose(images, None) == images
