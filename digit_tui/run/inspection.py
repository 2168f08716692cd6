"""Looking inside the network of a run: from a copy of its state to the facts of its layers."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from digit_tui.data import Dataset
from digit_tui.insight.histograms import LayerHistograms, layer_histograms
from digit_tui.insight.layers import LayerFacts, layer_facts
from digit_tui.insight.next_step import NextStep, next_step
from digit_tui.nn import LayerCheck, Network, batch_gradient, check_gradient
from digit_tui.nn.gradient_check import BATCH
from digit_tui.run.events import Inspected
from digit_tui.run.random_streams import stream


def step_of(inspected: Inspected, dataset: Dataset) -> NextStep:
    """What the next step would do, on the first training images as they are.

    Args:
        inspected: the copy of the state.
        dataset: whose images the run is trained on, without those that are held out.
    """
    state, settings = inspected.state, inspected.state.settings
    return next_step(
        inspected.network,
        dataset.train_images,
        dataset.train_labels,
        optimizer=settings.optimizer,
        slots=state.slots,
        slot_steps=state.slot_steps,
        scalars=state.scalars,
        learning_rate=inspected.learning_rate,
        weight_decay=settings.weight_decay,
        sam=settings.sam,
        clip_norm=settings.clip_norm,
        clip_value=settings.clip_value,
        removed=_removed(inspected),
    )


def _removed(inspected: Inspected) -> NDArray[np.bool_] | None:
    """(parameters,) what is switched off or pruned; None if nothing is."""
    removed = inspected.state.removed
    return None if removed is None else removed.mask


def facts_of(inspected: Inspected, dataset: Dataset, step: NextStep) -> list[LayerFacts]:
    """The facts of each layer of the latest weights.

    Args:
        inspected: the copy of the state.
        dataset: its monitored digits show what the units do.
        step: of `step_of`.
    """
    images, _ = dataset.split(dataset.monitored_split)
    return layer_facts(inspected.network, images, *step, _removed(inspected))


def histograms_of(
    inspected: Inspected, images: NDArray[np.uint8], step: NextStep, layer: int, bins: int
) -> LayerHistograms:
    """The distributions in a layer of the latest weights, without what is removed.

    Args:
        inspected: the copy of the state.
        images: (n, pixels) whose activations are counted.
        step: of `step_of`.
        layer: counted from 1, the output layer last.
        bins: of each of them.
    """
    network, removed = inspected.network, _removed(inspected)
    return layer_histograms(network, images, step.gradient, layer, bins, removed)


def check_of(inspected: Inspected, dataset: Dataset) -> list[LayerCheck]:
    """The gradient check of the latest weights, in float64, on the first training images.

    The same step has the same parameters drawn.

    Args:
        inspected: the copy of the state.
        dataset: whose images the run is trained on, without those that are held out.
    """
    network = Network(inspected.network.sizes, inspected.network.parameters.astype(np.float64))
    images, labels = dataset.train_images[:BATCH], dataset.train_labels[:BATCH]
    gradient = batch_gradient(network, images, labels)
    generator = stream(0, "gradient check", inspected.step)
    return check_gradient(network, images, labels, gradient, generator)
