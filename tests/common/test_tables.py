"""Tables keep every text as it is, and the same rows give the same bytes."""

import numpy as np
import pandas as pd
import pytest

from stages.common import tables
from stages.common.errors import UserError

COLUMNS = {"image_id": "str", "label": "str", "fold": "int64", "x": "float64"}
TEXTS = [
    "007",
    "1e5",
    "0x1F",
    "NA",
    "null",
    "nan",
    "None",
    "True",
    "",
    " lead",
    "a,b",
    'a "b"',
    "line\nend",
    "é漢",
    "#x",
]


def table(texts, **more):
    count = len(texts)
    return pd.DataFrame({"image_id": texts, "label": texts, "fold": range(count), "x": np.arange(count) / 7} | more)


def test_texts_come_back_as_they_were(tmp_path):
    tables.write(tmp_path / "t.csv", table(TEXTS), COLUMNS)
    found = tables.read(tmp_path / "t.csv", COLUMNS)
    assert list(found["image_id"]) == sorted(TEXTS)
    assert list(found["label"]) == list(found["image_id"])


def test_numbers_come_back_to_the_last_bit(tmp_path):
    random = np.random.default_rng(0)
    values = random.random(500) * 10.0 ** random.integers(-12, 12, 500)
    wanted = table([f"{number:03}" for number in range(500)], x=values, p_normal=values / 3)
    tables.write(tmp_path / "t.csv", wanted, COLUMNS)
    found = tables.read(tmp_path / "t.csv", COLUMNS)
    np.testing.assert_array_equal(found["x"], values)
    np.testing.assert_array_equal(found["p_normal"], values / 3)


def test_missing_texts_are_empty_and_missing_numbers_nan(tmp_path):
    tables.write(tmp_path / "t.csv", table(["a", "b"], label=[None, "x"], x=[np.nan, 1.5]), COLUMNS)
    assert (tmp_path / "t.csv").read_text() == "image_id,label,fold,x\na,,0,\nb,x,1,1.5\n"
    found = tables.read(tmp_path / "t.csv", COLUMNS)
    assert list(found["label"]) == ["", "x"]
    assert np.isnan(found["x"][0])


def test_the_order_of_rows_and_columns_does_not_change_the_bytes(tmp_path):
    wanted = table(["b", "a", "c"], extra=[1, 2, 3])
    tables.write(tmp_path / "1.csv", wanted, COLUMNS)
    tables.write(tmp_path / "2.csv", wanted.iloc[::-1][["x", "fold", "label", "image_id", "extra"]], COLUMNS)
    assert (tmp_path / "1.csv").read_bytes() == (tmp_path / "2.csv").read_bytes()
    assert (tmp_path / "1.csv").read_text().splitlines()[0] == "image_id,label,fold,x,extra"


def test_reading_and_writing_again_gives_the_same_bytes(tmp_path):
    tables.write(tmp_path / "1.csv", table(TEXTS), COLUMNS)
    tables.write(tmp_path / "2.csv", tables.read(tmp_path / "1.csv", COLUMNS), COLUMNS)
    assert (tmp_path / "1.csv").read_bytes() == (tmp_path / "2.csv").read_bytes()


def test_rows_of_one_image_have_one_order(tmp_path):
    regions = pd.DataFrame(
        {"image_id": "a", "finding": ["mass", "mass", "edema"], "kind": "box", "x": [5.0, 2.0, 9.0]}
        | {"y": 0.0, "width": 1.0, "height": 1.0, "mask_path": ""}
    )
    for name, rows in (("1.csv", regions), ("2.csv", regions.iloc[[2, 0, 1]])):
        tables.write(tmp_path / name, rows, tables.REGION_COLUMNS)
    assert (tmp_path / "1.csv").read_bytes() == (tmp_path / "2.csv").read_bytes()
    assert list(tables.read(tmp_path / "1.csv", tables.REGION_COLUMNS)["x"]) == [9.0, 2.0, 5.0]


def test_an_empty_table_keeps_its_types(tmp_path):
    tables.write(tmp_path / "t.csv", pd.DataFrame(columns=list(tables.REGION_COLUMNS)), tables.REGION_COLUMNS)
    found = tables.read(tmp_path / "t.csv", tables.REGION_COLUMNS)
    assert len(found) == 0
    assert found["x"].dtype == np.float64


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("image_id,label,fold\na,b,0\n", "lacks the column.* x"),
        ("image_id,label,fold,x\na,b,zero,1\n", "mend the file"),
        ("image_id,label,fold,x\na,b,0,1,2,3\nc\n", "mend the file|lacks"),
        ("", "mend the file"),
    ],
)
def test_a_table_spoilt_by_hand_is_a_clear_error(tmp_path, text, said):
    (tmp_path / "t.csv").write_text(text)
    with pytest.raises(UserError, match=said) as error:
        tables.read(tmp_path / "t.csv", COLUMNS)
    assert "t.csv" in str(error.value)


def test_a_carriage_return_is_refused_as_readers_would_split_the_row(tmp_path):
    with pytest.raises(UserError, match="carriage return"):
        tables.write(tmp_path / "t.csv", table(["a\rb", "c"]), COLUMNS)
    assert not (tmp_path / "t.csv").exists()
