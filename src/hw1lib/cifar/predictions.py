"""What trained nets predict for the test images, and how far that can be trusted."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd
import torch
from torch import Tensor, nn

from hw1lib.cifar.data import CLASSES, Split

BINS = 10  # of confidence


@dataclass(frozen=True)
class Predictions:
    """Predictions of S nets for N images.

    Attributes:
        labels: (N,) uint8, right classes.
        predicted: (S, N) uint8, classes with the largest probability.
        confidence: (S, N) float32, those probabilities.
    """

    labels: Tensor
    predicted: Tensor
    confidence: Tensor

    def confusion(self) -> pd.DataFrame:
        """Share of each true class's images (rows) that are predicted as each class (columns).

        It is the mean over the nets; each row sums to 1.
        """
        size = len(CLASSES)
        cells = self.labels.long() * size + self.predicted.long()
        counts = torch.bincount(cells.flatten(), minlength=size * size).view(size, size).double()
        return pd.DataFrame(
            (counts / counts.sum(dim=1, keepdim=True)).numpy(), index=CLASSES, columns=CLASSES
        )

    def class_accuracy(self) -> pd.DataFrame:
        """Accuracy of each class (rows) for each net (columns), 0 to 1."""
        right = (self.predicted == self.labels).double()
        columns = [right[:, self.labels == label].mean(dim=1) for label in range(len(CLASSES))]
        return pd.DataFrame(torch.stack(columns).numpy(), index=CLASSES)

    def calibration(self) -> pd.DataFrame:
        """Accuracy beside confidence, for predictions of similar confidence (@eq-calibration).

        Each row is one of `BINS` bins of equal width between 0 and 1, unless that is empty: mean
        `confidence`, `accuracy`, and the `count` of predictions.
        """
        table = pd.DataFrame(
            {
                "confidence": self.confidence.double().flatten().numpy(),
                "right": (self.predicted == self.labels).double().flatten().numpy(),
            }
        )
        table["bin"] = (table["confidence"] * BINS).astype(int).clip(upper=BINS - 1)
        groups = table.groupby("bin")
        means = groups.mean().rename(columns={"right": "accuracy"})
        return means.assign(count=groups.size())


@torch.inference_mode()
def predict(nets: list[nn.Sequential], test: Split) -> Predictions:
    """The nets' predictions for standardised images."""
    probabilities = torch.stack([net(test.pixels).double().softmax(dim=1) for net in nets])
    confidence, predicted = probabilities.max(dim=2)
    return Predictions(test.labels.to(torch.uint8), predicted.to(torch.uint8), confidence.float())
