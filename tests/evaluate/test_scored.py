import numpy as np

from stages.common import bootstrap
from stages.evaluate.scored import Scored


def scored(truth, probabilities, groups, positive=1):
    drawn = bootstrap.resample(groups, 200, 0)
    return Scored(np.array(truth), np.array(probabilities), np.array(groups), positive, drawn, 10)


def test_a_group_is_the_mean_of_its_images_and_positive_if_any_is():
    images = scored([0, 1, 0, 0], [[0.9, 0.1], [0.3, 0.7], [0.8, 0.2], [0.6, 0.4]], ["b", "b", "a", "c"])
    groups = images.by_group()
    assert groups.groups.tolist() == ["a", "b", "c"]
    assert groups.truth.tolist() == [0, 1, 0]
    np.testing.assert_allclose(groups.probabilities, [[0.8, 0.2], [0.6, 0.4], [0.6, 0.4]])


def test_a_group_of_other_labels_has_its_most_frequent_one():
    images = scored([0, 2, 2, 0, 2, 1], np.full((6, 3), 1 / 3), ["a", "a", "a", "b", "b", "c"])
    assert images.by_group().truth.tolist() == [2, 0, 1]


def test_the_replicates_of_groups_are_those_of_their_images():
    random = np.random.default_rng(0)
    truth = np.repeat(random.integers(0, 2, 30), 2)  # two equal images a group: the same shares
    probability = np.repeat(random.random(30), 2)
    images = scored(truth, np.stack([1 - probability, probability], 1), [f"{n // 2:03d}" for n in range(60)])
    by_image, by_group = images.estimate(), images.by_group().estimate()
    for name in ("accuracy", "roc_auc", "ece"):
        np.testing.assert_allclose(by_image.replicates[name], by_group.replicates[name], atol=1e-12)
