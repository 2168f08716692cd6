"""Looking inside the network of a run: from a copy of its state to the facts of its layers."""

from __future__ import annotations

from digit_tui.data import Dataset
from digit_tui.insight.layers import LayerFacts, layer_facts
from digit_tui.insight.next_step import NextStep, next_step
from digit_tui.run.events import Inspected


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
        learning_rate=inspected.learning_rate,
        weight_decay=settings.weight_decay,
        clip_norm=settings.clip_norm,
        clip_value=settings.clip_value,
    )


def facts_of(inspected: Inspected, dataset: Dataset, step: NextStep) -> list[LayerFacts]:
    """The facts of each layer of the latest weights.

    Args:
        inspected: the copy of the state.
        dataset: its test digits show what the units do.
        step: of `step_of`.
    """
    return layer_facts(inspected.network, dataset.test_images, *step)
