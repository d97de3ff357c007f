"""What is there and right stays, what is foreign goes; a ledger survives the death of its writer."""

from stages.fetch import keep

ROWS = [keep.Made(f"a/{n}.png", "origin", str(n) * 64, "", "mass") for n in (3, 1, 2)]


def test_same_bytes(tmp_path):
    one, other = tmp_path / "one", tmp_path / "other"
    one.write_bytes(b"12345678")
    assert not keep.same_bytes(one, other)
    other.write_bytes(b"1234567x")
    assert not keep.same_bytes(one, other)
    other.write_bytes(b"1234")
    assert not keep.same_bytes(one, other)
    other.write_bytes(b"12345678")
    assert keep.same_bytes(one, other)


def test_removes_all_that_does_not_belong(tmp_path):
    for name in ("a/keep.png", "a/drop.png", "b/c/drop.png", ".hidden", "a/.keep.png.xyz.part"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    (tmp_path / "link").symlink_to(tmp_path / "a")
    assert keep.remove_others(tmp_path, ["a/keep.png"]) == 5
    assert sorted(path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*")) == ["a", "a/keep.png"]


def test_ledger_has_the_same_bytes_whatever_the_order(tmp_path):
    contents = []
    for name, rows in (("first", ROWS), ("second", ROWS[::-1])):
        ledger = keep.Ledger(tmp_path / name)
        for row in rows:
            ledger.add(row)
        ledger.close([row.path for row in ROWS])
        contents.append((tmp_path / name).read_bytes())
    assert contents[0] == contents[1]
    assert keep.Ledger(tmp_path / "first").rows == {row.path: row for row in ROWS}


def test_ledger_passes_over_a_line_cut_off(tmp_path):
    ledger = keep.Ledger(tmp_path / "ledger")
    for row in ROWS:
        ledger.add(row)
    content = (tmp_path / "ledger").read_bytes()
    (tmp_path / "ledger").write_bytes(content[:-80])  # killed while it wrote the last line
    cut = keep.Ledger(tmp_path / "ledger")
    assert set(cut.rows) == {"a/3.png", "a/1.png"}
    cut.add(ROWS[2])
    assert set(keep.Ledger(tmp_path / "ledger").rows) == {"a/3.png", "a/1.png", "a/2.png"}
