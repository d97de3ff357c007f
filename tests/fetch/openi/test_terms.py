from stages.fetch.openi import terms


def test_normal_is_that_term_alone_and_whole() -> None:
    assert terms.kind(["normal"]) == "normal"
    assert terms.kind([" Normal "]) == "normal"
    assert terms.kind(["normal", "Cardiomegaly"]) == "abnormal"
    assert terms.kind(["Opacity/lung/base/left/abnormal"]) == "abnormal"


def test_remarks_are_no_findings() -> None:
    quality = "Technical Quality of Image Unsatisfactory "
    assert terms.kind([quality]) == "technical_quality"
    assert terms.kind([quality, "Cardiomegaly"]) == "abnormal"
    assert terms.kind(["No Indexing"]) == "unindexed"
    assert terms.kind([]) == "unlabelled"
    assert terms.poor_quality([quality, "Cardiomegaly"])
    assert not terms.poor_quality(["Cardiomegaly"])


def test_a_finding_names_its_kinds_but_not_its_namesakes() -> None:
    assert terms.names("Cardiomegaly/mild", "cardiomegaly")
    assert terms.names("Aorta, Thoracic/tortuous ", "aorta, thoracic/tortuous")
    assert not terms.names("Aorta, Thoracic", "aorta")
    assert not terms.names("Lung", "lung/hypoinflation")


def test_terms_survive_a_table() -> None:
    majors = ["Catheters, Indwelling/right", "Lung/hypoinflation "]
    assert terms.split(terms.join(majors)) == [major.strip() for major in majors]
    assert terms.split(terms.join([])) == []
