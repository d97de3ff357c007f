import io
import json

import pytest
from PIL import Image

from stages.fetch.openi import checks
from stages.fetch.openi.client import Answer, RefusedError
from tests.openi_site import radiograph

WHOLE = radiograph.png("CXR1", 128, abnormal=True)


def spoiled_chunk(content: bytes) -> bytes:
    middle = len(content) // 2
    return content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<html>busy</html>",
        WHOLE[:-1],
        WHOLE[: len(WHOLE) // 2],
        WHOLE[: len(WHOLE) // 2] + WHOLE[-12:],
        WHOLE + b"more",
        spoiled_chunk(WHOLE),
        b"GIF89a" + WHOLE[6:],
    ],
    ids=["empty", "html", "no last byte", "half", "half with an end", "more behind", "one bit", "another start"],
)
def test_a_picture_that_is_not_whole_is_refused(content: bytes) -> None:
    with pytest.raises(ValueError):
        checks.png(content)


def test_a_whole_picture_gives_its_size() -> None:
    with Image.open(io.BytesIO(WHOLE)) as picture:
        assert checks.png(WHOLE) == picture.size
        assert checks.image_answer(Answer(WHOLE, "image/png"), 128) == (WHOLE, picture.size)


@pytest.mark.parametrize(
    ("answer", "size", "reason"),
    [
        (Answer(WHOLE, "text/plain"), 128, "content_type"),
        (Answer(WHOLE, "image/png"), 1024, "bad_size"),
        (Answer(WHOLE[:-1], "image/png"), 128, "bad_image"),
    ],
)
def test_an_answer_that_is_no_such_picture_is_refused(answer: Answer, size: int, reason: str) -> None:
    with pytest.raises(RefusedError) as refused:
        checks.image_answer(answer, size)
    assert refused.value.reason == reason


def test_a_tiny_picture_is_refused() -> None:
    with pytest.raises(ValueError, match="8x"):
        checks.png(radiograph.png("tiny", 8, abnormal=False))


def test_a_dicom_file_is_decoded_whole() -> None:
    content = radiograph.dicom("CXR1", 128, abnormal=True)
    assert checks.dicom(content) == checks.png(WHOLE)
    for broken in (content[:-100], content[:200], WHOLE, b""):
        with pytest.raises(ValueError):
            checks.dicom(broken)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"\xff\xfe", "not_json"),
        (b"nonsense", "not_json"),
        (b"[]", "schema"),
        (b'{"total": "7470", "list": []}', "schema"),
        (b'{"total": 1}', "schema"),
        (b'{"total": 1, "list": [{"uid": "CXR1"}]}', "schema"),
        (b'{"total": 1, "list": [7]}', "schema"),
        (b'{"total": 0, "Query-Error": "Invalid request type."}', "query_error"),
    ],
)
def test_an_answer_that_is_no_search_answer_is_refused(body: bytes, reason: str) -> None:
    with pytest.raises(RefusedError) as refused:
        checks.search(Answer(body, "application/json"), 512)
    assert refused.value.reason == reason


def test_a_search_answer_is_read(items: list[dict]) -> None:
    body = json.dumps({"total": 3, "list": items[:2], "new key": 1}).encode()
    page = checks.search(Answer(body, "application/json"), 512)
    assert (page.total, [report.report_id for _, report in page.rows]) == (3, [item["uid"] for item in items[:2]])
