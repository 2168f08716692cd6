"""Which test digits to look at first."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from digit_tui.nn import Evaluation


def by_loss(evaluation: Evaluation, mistakes_only: bool = True) -> NDArray[np.intp]:
    """Indices of the misclassified digits (or of all), the highest loss first.

    A loss that is no number counts as the highest; equal ones stay in the order of the data.
    """
    losses = np.nan_to_num(evaluation.losses, nan=np.inf)
    order = np.argsort(-losses, kind="stable")
    if mistakes_only:
        order = order[evaluation.predictions[order] != evaluation.labels[order]]
    return order
