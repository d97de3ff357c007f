import numpy as np

from stages.evaluate.parts import gather, parts
from tests.evaluate import factories


def test_without_folds_there_is_one_model_with_three_blocks():
    split = factories.split_table(80)
    (only,) = parts(split)
    assert only.name == "model"
    for name, rows in only.scored.items():
        assert set(split["split"].iloc[rows]) == {name}
    assert sum(map(len, only.scored.values())) == 80


def test_with_folds_each_image_is_tested_once_and_never_by_a_model_that_saw_it():
    split = factories.split_table(80, "kfold")
    models = parts(split)
    assert [part.name for part in models] == [f"fold-{fold}" for fold in range(5)]
    for part in models:
        assert "train" not in part.scored
        assert not set(part.train) & (set(part.test) | set(part.validation))
        assert set(split["fold"].iloc[part.validation]) == {(part.fold + 1) % 5}
    for block in ("validation", "test"):
        assert sorted(gather(models, block, lambda _, rows: rows)) == list(range(80))


def test_gather_keeps_the_order_of_the_models():
    models = parts(factories.split_table(80, "kfold"))
    folds = gather(models, "test", lambda part, rows: np.full(len(rows), part.fold))
    assert (np.diff(folds) >= 0).all()
