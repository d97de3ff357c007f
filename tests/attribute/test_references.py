"""What an image is compared with."""

from types import SimpleNamespace

import numpy as np

from stages.attribute import references
from stages.attribute.methods.base import Subject


def test_the_mean_training_image_is_worked_out_once_for_all_maps_of_a_model():
    read = []

    def training_images():
        read.append(1)
        yield np.full((3, 2, 2, 3), 10, np.uint8)
        yield np.full((1, 2, 2, 3), 250, np.uint8)

    model = SimpleNamespace(design=SimpleNamespace(height=2, width=2))
    found = [references.shared(Subject(model, None, training_images), "mean") for _ in range(3)]
    np.testing.assert_array_equal(found, np.full((3, 2, 2, 3), 70, np.float32))
    assert len(read) == 1
    other = references.shared(Subject(model, None, lambda: iter([np.full((1, 2, 2, 3), 5, np.uint8)])), "mean")
    assert (other == 5).all()
