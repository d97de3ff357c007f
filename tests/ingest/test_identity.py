"""Names of images are safe, unique and do not depend on other images."""

import re

from stages.ingest.identity import image_ids, patient_group


def test_plain_paths_are_readable():
    assert image_ids(["benign/benign_001.png", "a.b/c-1.dcm", "x.jpg"]) == ["benign__benign_001", "a.b__c-1", "x"]


def test_same_name_in_two_classes():
    assert image_ids(["normal/1.png", "abnormal/1.png"]) == ["normal__1", "abnormal__1"]


def test_hostile_names_are_safe_and_apart():
    paths = [
        "n/benign (1).png",
        "n/benign -1.png",
        "n/benign [1].png",
        "n/é.png",
        "n/è.png",
        "n/<img src=x>.png",
        "n/-rf.png",
    ]
    paths += [
        "a/b__c.png",
        "a__b/c.png",
        "n/" + "x" * 300 + ".png",
        "n/" + "x" * 300 + "y.png",
        "n/日本.png",
        "n/a;b\n.png",
    ]
    names = image_ids(paths)
    assert len({name.lower() for name in names}) == len(paths)
    assert all(re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,120}", name) for name in names)


def test_a_name_depends_on_others_only_where_they_collide():
    paths = ["n/a.png", "n/b (1).png", "n/C.png"]
    alone = [image_ids([path])[0] for path in paths]
    assert image_ids(paths) == alone
    crowded = image_ids([*paths, "n/a.jpg", "n/c.png"])
    assert crowded[1] == alone[1]
    assert len({name.lower() for name in crowded}) == 5


def test_order_has_no_say():
    paths = ["n/a.png", "n/a.jpg", "n/b.png"]
    assert image_ids(paths[::-1]) == image_ids(paths)[::-1]


def test_patient_groups_are_stable_and_salted():
    group = patient_group("MRN-4711", "salt")
    assert group == patient_group("MRN-4711", "salt")
    assert "4711" not in group
    assert len({group, patient_group("MRN-4711", "pepper"), patient_group("MRN-4712", "salt")}) == 3
