"""A set of images, or of groups, whose predictions are scored."""

from dataclasses import dataclass, replace

import numpy as np

from stages.common import bootstrap
from stages.evaluate import scores
from stages.evaluate.calibration import calibrated
from stages.evaluate.estimates import Estimate, estimate


@dataclass(frozen=True)
class Scored:
    """Predictions with the truth, and all that their intervals depend on.

    truth: (n,) integers, places in the list of classes.
    probabilities: (n, k).
    groups: (n,) text; images of a group are drawn together.
    positive: the finding's place in the list of classes.
    drawn: the groups' bootstrap, the same for all predictions of these images, so that differences are paired.
    bins: of the expected calibration error.
    """

    truth: np.ndarray
    probabilities: np.ndarray
    groups: np.ndarray
    positive: int
    drawn: bootstrap.Resample
    bins: int

    def estimate(self) -> Estimate:
        """Every score of `scores.all_scores`."""
        return estimate(
            lambda weights: scores.all_scores(self.truth, self.probabilities, weights, self.positive, self.bins),
            self.drawn,
        )

    def with_probabilities(self, probabilities: np.ndarray) -> "Scored":
        """Other predictions (n, k) of the same images."""
        return replace(self, probabilities=probabilities)

    def at_temperature(self, temperatures: np.ndarray) -> "Scored":
        """The same predictions at a temperature (n,) each."""
        return self.with_probabilities(calibrated(self.probabilities, temperatures))

    def by_group(self) -> "Scored":
        """One prediction a group: the mean of its images' probabilities.

        A group with a positive image is positive; any other has the most frequent label of its images (of equally
        frequent ones the first of the classes). Groups keep the order, and so the draws, of the images' bootstrap.
        """
        names, index = np.unique(self.groups, return_inverse=True)
        k = self.probabilities.shape[1]
        sums, labels = np.zeros((len(names), k)), np.zeros((len(names), k))
        np.add.at(sums, index, self.probabilities)
        np.add.at(labels, index, np.eye(k)[self.truth])
        truth = np.where(labels[:, self.positive] > 0, self.positive, labels.argmax(axis=1))
        means = sums / labels.sum(axis=1, keepdims=True)
        drawn = replace(self.drawn, index=np.arange(len(names)))
        return replace(self, truth=truth, probabilities=means, groups=names, drawn=drawn)
