"""What the pages of the network view have in common."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, cast

import numpy as np
from numpy.typing import NDArray
from textual.containers import Container, Horizontal
from textual.message import Message
from textual.widgets import Static

from digit_tui.data import Dataset
from digit_tui.run.events import Evaluated, Inspected
from digit_tui.tui.screens.view_host import ViewHost
from digit_tui.tui.state.run_model import RunModel
from digit_tui.tui.widgets.canvas import Canvas


@dataclass(frozen=True, eq=False)
class Look:
    """The network at a moment, and the digits that it is tried on. Nothing of it is written to."""

    dataset: Dataset
    evaluated: Evaluated
    """With the evaluated network, and the split."""
    inspected: Inspected | None
    """The state of the run, for a page that needs it; None if nobody answers, as in a replay."""

    @property
    def digits(self) -> tuple[Dataset, str]:
        """Which digits they are; what a page knows of some is not true of others."""
        return self.dataset, self.evaluated.split

    @property
    def images(self) -> NDArray[np.uint8]:
        """(n, pixels) uint8, of the evaluated digits."""
        images, _ = self.dataset.split(self.evaluated.split)
        return images


class Page(Container, can_focus=True):
    """One page of the network view. While it is shown it has the focus, and so its keys work.

    What takes long is computed in a thread, from a look and what is chosen on the page; drawing
    follows, and is quick.
    """

    NAME: ClassVar[str]
    """On the bar of pages."""
    WEIGHTS: ClassVar[str] = "averaged"
    """Which weights it shows, of a run that averages them."""
    SECONDS: ClassVar[float] = 1.0
    """While the network trains, it changes no more often than once in this time."""

    ready = False
    """Whether all its widgets are mounted: that is done when it is first shown."""

    class Changed(Message):
        """Something else was chosen on the page: it must be computed for that."""

        def __init__(self, of_now: bool = False) -> None:
            """Tell of it.

            Args:
                of_now: whether training waits, so that the network is that of now.
            """
            super().__init__()
            self.of_now = of_now

    @property
    def host(self) -> ViewHost:
        """The app, as pages see it."""
        return cast(ViewHost, self.app)

    def on_mount(self) -> None:
        self.ready = True
        self.refresh_bindings()
        self.post_message(self.Changed())

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Disable what cannot be done now, so that the key bar leaves it out."""
        return self.offers(action) if self.ready else None  # a key may come before its widgets

    def offers(self, action: str) -> bool | None:
        """Whether an action can be done now; see Textual's `check_action`."""
        return True

    @property
    def words_now(self) -> dict[str, str]:
        """What its keys do at this moment where that changes, by their ids."""
        return {}

    @property
    def keys_first(self) -> Sequence[str]:
        """What the key bar has room for first on this page, by id."""
        return ()

    @property
    def needs_state(self) -> bool:
        """Whether it needs the state of the run beside the evaluated network."""
        return False

    @property
    def follows(self) -> bool:
        """Whether it is computed again as the network changes."""
        return True

    @property
    def choice(self) -> Hashable:
        """What is chosen on the page, as far as it matters for what is computed."""
        return None

    def epoch_of(self, look: Look) -> float | None:
        """The epoch of the network that it shows after a look; None if its text says that."""
        return look.evaluated.epoch

    def as_of(self, model: RunModel, epoch: float | None) -> list[str]:
        """Of when and of what is what it shows, for the right of the bar of pages.

        Args:
            model: the run.
            epoch: that of the network that it shows; None if it shows none, or its text says that.

        Returns:
            Texts of which the first is shown that there is room for.
        """
        if epoch is None or not self.follows:
            return []
        text = f"{'run, ' if model.fork is not None else ''}epoch {epoch:.2f} "
        if not model.config.average:
            return [text]
        short = self.WEIGHTS.replace("averaged", "avg")
        return [f"{self.WEIGHTS} weights, {text}", f"{short}, {text}", text]

    @abstractmethod
    def compute(self, look: Look, choice: Any) -> Any:
        """Compute what the page shows. Called in a thread: it must not touch widgets.

        Args:
            look: the network and the digits.
            choice: what was chosen when it was asked for.
        """

    @abstractmethod
    def take(self, look: Look, found: Any) -> None:
        """Take over what was computed."""

    @abstractmethod
    def draw(self) -> None:
        """Draw what was taken over last."""

    def begin_anew(self) -> None:
        """Forget what was asked for: another run begins."""

    def show(self, model: RunModel) -> None:
        """Draw what should never lag behind the run."""

    def on_canvas_resized(self, message: Canvas.Resized) -> None:
        message.stop()
        self.draw()

    def _show_instead(self, text: str | None) -> None:
        """Show text instead of the content; None shows the content. For pages that have both."""
        content = self.query_one(Horizontal)
        if text is None and not content.display:  # it has no size yet
            self.call_after_refresh(self.draw)
        content.display = text is None
        message = self.query_one(Static)
        message.display = text is not None
        message.update(text or "")

    @abstractmethod
    def say(self, text: str) -> None:
        """Show text, where there is nothing to draw."""
