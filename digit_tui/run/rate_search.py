"""A learning rate range test of a run: on a copy of its state, which the run does not notice."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from digit_tui.config import RunConfig
from digit_tui.data import Dataset
from digit_tui.insight.rate_finder import RateCurve, RateFinder, rates_for
from digit_tui.nn.range_test import range_test
from digit_tui.run.events import Inspected
from digit_tui.run.random_streams import stream


@dataclass(frozen=True, eq=False)
class FoundRate:
    """What a range test found, and the rate in force where it began."""

    step: int
    """Steps that the run had made."""
    epoch: float
    optimizer: str
    batch_size: int
    present: float
    """The learning rate of the run's next step."""
    base: float
    """The same before the schedule's factor: what `SetLearningRate` sets."""
    curve: RateCurve

    @property
    def factor(self) -> float:
        """What the schedule makes of a base rate at this moment."""
        return self.present / self.base

    @property
    def fits(self) -> bool:
        """Whether the base rate may stay: it does as well as the suggested one, or better."""
        suggestion, loss_at = self.curve.suggestion, self.curve.smoothed_at
        if suggestion is None or self.base < suggestion:
            return False
        return loss_at(self.base) <= loss_at(suggestion)


class RateSearch:
    """A range test, step by step.

    It begins as the run is: its weights, its optimizer with its slots, batch size, augmentation,
    clipping, weight decay, what is switched off or pruned. So it answers what another rate would
    do now. Fresh slots would answer for another optimizer than that which `SetLearningRate` leaves
    in place. Its batches come from a random stream of its own, so that the same state of a run has
    the same curve in each front end, and no draw of the run's depends on it.
    """

    def __init__(self, inspected: Inspected, dataset: Dataset, config: RunConfig) -> None:
        """Begin.

        Args:
            inspected: the copy of the state, which stays as it is.
            dataset: whose images the run is trained on, without those that are held out.
            config: the run's, for its seed and how far elastic deformation goes.
        """
        state, settings = inspected.state, inspected.state.settings
        batch_size = min(settings.batch_size, len(dataset.train_labels))
        rates = rates_for(len(state.parameters), batch_size)
        self._inspected, self._batch_size = inspected, batch_size
        self._finder = RateFinder(rates)
        self._tried = range_test(
            inspected.network,
            dataset.train_images,
            dataset.train_labels,
            rates,
            stream(config.seed, "range test", inspected.step),
            side=dataset.side,
            batch_size=batch_size,
            augment=settings.augment,
            elastic=config.elastic_pixels,
            optimizer=settings.optimizer,
            slots=state.slots,
            slot_steps=state.slot_steps,
            scalars=state.scalars,
            weight_decay=settings.weight_decay,
            sam=settings.sam,
            clip_norm=settings.clip_norm,
            clip_value=settings.clip_value,
            removed=None if state.removed is None else state.removed.mask,
        )

    @property
    def most(self) -> int:
        """Steps that it makes at most."""
        return self._finder.steps

    def steps(self) -> Iterator[int]:
        """Make the steps, until they have shown enough.

        Yields:
            How many were made, after each.
        """
        for made, tried in enumerate(self._tried, start=1):
            going = self._finder.add(tried.loss, tried.before)
            yield made
            if not going:
                return

    def found(self) -> FoundRate:
        """What it has found so far; to be relied on after the last step."""
        settings = self._inspected.state.settings
        return FoundRate(
            step=self._inspected.step,
            epoch=self._inspected.epoch,
            optimizer=settings.optimizer,
            batch_size=self._batch_size,
            present=self._inspected.learning_rate,
            base=settings.learning_rate,
            curve=self._finder.curve(),
        )
