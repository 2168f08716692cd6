"""The sweep as its screen knows it."""

from __future__ import annotations

from collections.abc import Callable
from time import time

from digit_tui.data import counted
from digit_tui.run.wording import time_left
from digit_tui.sweep.board import Board
from digit_tui.sweep.progress import seconds_left, used_share
from digit_tui.tui.sweep.listing import Listing
from digit_tui.tui.sweep.poller import Looked
from digit_tui.tui.sweep.words import best_words, counts_words, trials_words


class SweepModel:
    """What was found at the last look, and what the screen has asked for since.

    Attributes:
        board: None before the first look.
        listing: the trials of the table.
        ended: whether no worker is left on this machine.
        asked: "stop" or "leave" once the screen has asked for that.
        trouble: why the last look found nothing; None if it found something.
        setting: the setting that is looked at; None for the most important one.
        notes: lines that are to be told when the screen is there.
    """

    def __init__(self, clock: Callable[[], float] = time) -> None:
        """Nothing is known yet.

        Args:
            clock: seconds since 1970.
        """
        self.board: Board | None = None
        self.listing = Listing()
        self.ended = False
        self.asked: str | None = None
        self.trouble: str | None = None
        self.setting: str | None = None
        self.notes: list[str] = []
        self._clock = clock
        self._counts: list[tuple[str, str]] = []

    def take(self, looked: Looked) -> None:
        """Take in what was found."""
        self.ended = looked.ended
        self.trouble = None
        if looked.board is None:
            self.trouble = next(reversed(looked.troubles), "the storage does not answer")
        elif looked.board != self.board:
            self.board = looked.board
            self.listing.show(looked.board)
            self._counts = counts_words(looked.board)

    @property
    def state(self) -> str:
        """What the sweep does, with a sign."""
        board = self.board
        if self.asked is not None and not self.ended:
            return "■ saving"
        if board is None:
            return "… reading"
        spent = used_share(board, self._clock())
        done = spent == 1 and not board.workers
        if self.ended or done:
            return "✓ finished" if spent == 1 else "■ ended"
        if board.paused:
            return "⏸ paused"
        return "▶ running" if board.workers else "… waiting"

    def state_words(self, width: int) -> str:
        """The state, how far it is, who works, and the best, in the words that fit."""
        board = self.board
        parts = [self.state]
        if board is not None:
            parts += [trials_words(board), counted(len(board.workers), "worker")]
            best = best_words(board)
            if best is not None:
                parts.append(f"{best} (trial {board.ranked[0].number})")
                if len("  ".join(parts)) > width:
                    parts[-1] = best
        return "  ".join(parts)

    def counts_words(self, width: int) -> str:
        """How many trials are in which state, without words where they do not fit; or trouble."""
        if self.trouble is not None:
            return f"✗ {self.trouble}"
        lines = ["  ".join(texts) for texts in zip(*self._counts, strict=True)] or [""]
        return next((each for each in lines if len(each) <= width), lines[-1])

    @property
    def used_share(self) -> float:
        """The part of the budget that is used, 0 to 1."""
        return 0.0 if self.board is None else used_share(self.board, self._clock()) or 0.0

    @property
    def left_words(self) -> str:
        """How long it will still take, or why that is not known."""
        board = self.board
        if board is None:
            return "…"
        if self.ended or (self.used_share == 1 and not board.workers):
            return "done" if self.used_share == 1 else "ended"
        if board.paused:
            return "paused"
        left = seconds_left(board, self._clock())
        if left is None:
            no_budget = board.budget_trials is None and board.budget_seconds is None
            return "no budget" if no_budget else "…"
        return time_left(left)

    @property
    def settings(self) -> list[str]:
        """Names of the settings, those first that matter."""
        return self.listing.settings

    @property
    def chosen_setting(self) -> str | None:
        """The setting that is looked at; None if there is none."""
        if self.setting in self.settings:
            return self.setting
        return next(iter(self.settings), None)

    def next_setting(self, steps: int) -> None:
        """Look at another setting; after the last comes the first."""
        names, chosen = self.settings, self.chosen_setting
        if chosen is not None:
            self.setting = names[(names.index(chosen) + steps) % len(names)]
