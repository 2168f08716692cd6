"""When the view on screen is drawn."""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter

from digit_tui.training.pace import Pace
from digit_tui.tui.draw_rate import DrawRate
from digit_tui.tui.screens.view import View
from digit_tui.tui.state.run_model import RunModel

LONGEST_SECONDS = 2.5
"""Charts are drawn after this time, whatever share of the time it takes."""
YOUNG_SECONDS = 10.0
"""As long as somebody who has just begun a run looks on most closely, ..."""
YOUNG_SHARE = 0.02
"""... charts may take this share of the time: epochs of the sample are over in a fifth of a second,
and the charts would lag far behind the figures above them. More would send too many bytes."""


class DrawSchedule:
    """Draws a view after new events: its text often, its charts as rarely as the rate says."""

    def __init__(self, rate: DrawRate, clock: Callable[[], float] = perf_counter) -> None:
        """Nothing has been drawn yet.

        Args:
            rate: how often to draw.
            clock: in seconds.
        """
        self._rate = rate
        self._clock = clock
        self._pace = Pace(rate.share, clock)
        self._stale = False
        self._began: float | None = None
        self._show_time = self._draw_time = -float("inf")

    def restart(self) -> None:
        """Draw everything at the next opportunity."""
        self._draw_time = -float("inf")

    def invalidate(self) -> None:
        """The model has changed since charts were drawn."""
        self._stale = True

    def update(self, view: View, model: RunModel, urgent: bool, state_changed: bool) -> None:
        """Draw what is due.

        Args:
            view: the view on screen.
            model: the run.
            urgent: whether text is drawn at once.
            state_changed: whether the run has begun to train, paused, gone back or the like: then
                charts are drawn at once too.
        """
        now, rate = self._clock(), self._rate
        waited = now - self._draw_time
        allowed = self._pace.allowed_at(self._share(now, model))
        due = waited >= rate.seconds and (allowed or waited >= LONGEST_SECONDS)
        evaluated = model.shown is not view.drawn_evaluation
        # What a pause is followed by need not wait: there is no training that it would slow down.
        due = due or state_changed or (evaluated and not model.going)
        if urgent or now - self._show_time >= rate.seconds:
            view.show(model)
            self._show_time = now
        if self._stale and due:
            with self._pace:
                view.draw(model)
            self._stale, self._draw_time, view.drawn_evaluation = False, now, model.shown

    def _share(self, now: float, model: RunModel) -> float:
        """The most of the time that charts may take now."""
        if self._began is None and model.going and model.step:
            self._began = now
        is_young = self._began is not None and now - self._began < YOUNG_SECONDS
        return max(self._rate.share, YOUNG_SHARE) if is_young else self._rate.share
