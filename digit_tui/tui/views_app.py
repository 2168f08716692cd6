"""An app with the views of a run: which there are, and how one leads to another."""

from __future__ import annotations

from collections.abc import Callable

from digit_tui.tui.screens.confusion import ConfusionView
from digit_tui.tui.screens.draw import DrawView
from digit_tui.tui.screens.mistakes import MistakesView
from digit_tui.tui.screens.network.health import HealthPage
from digit_tui.tui.screens.network.view import NetworkView
from digit_tui.tui.screens.train import TrainView
from digit_tui.tui.screens.view import View
from digit_tui.tui.state.run_model import RunModel
from digit_tui.tui.themed_app import ThemedApp
from digit_tui.tui.widgets.confusion_matrix import Cell

MAKE_SECONDS = 2.0
"""This long after the first frame all views are mounted."""


class ViewsApp(ThemedApp):
    """Switches between the views.

    Attributes:
        model: the run that they show.
    """

    model: RunModel
    VIEWS = {
        "train": TrainView,
        "mistakes": MistakesView,
        "confusion": ConfusionView,
        "network": NetworkView,
        "draw": DrawView,
    }
    MODES = {**VIEWS}

    def delay_update(self, delay: float = 0.0) -> None:
        """Do nothing: a view is drawn at once when it is switched to.

        Textual would wait for 50 ms, to hide how a screen is composed; here all views are composed
        beforehand.
        """

    def make_views_soon(self) -> None:
        """Mount the views that are not on screen, when the run is under way: nobody waits then."""
        self.set_timer(MAKE_SECONDS, self.make_views)

    async def make_views(self) -> None:
        """Mount the views that are not on screen, so that each opens at once."""
        for mode in self.MODES:
            if self._exit or not self.is_running:  # Textual is closing those that there are
                return
            await self._init_mode(mode)

    @property
    def tabs(self) -> list[tuple[str, str]]:
        return [(mode, view.TAB) for mode, view in self.VIEWS.items()]

    def action_next_view(self, count: int = 1) -> None:
        modes = list(self.VIEWS)
        self.show_view(modes[(modes.index(self.current_mode) + count) % len(modes)])

    def show_view(self, mode: str) -> None:
        """Switch to a view, unless a dialog is open: a click may have opened it on the way here."""
        if not isinstance(self.screen, View):
            return
        with self.batch_update():  # or what it last showed would be sent too
            self.switch_mode(mode)
            if isinstance(self.screen, View):
                self.screen.redraw()

    def show_digits(self, selection: str) -> None:
        """Switch to the mistakes view, filtered by a selection such as "true=4 pred=9"."""
        self._show_mistakes(lambda view: view.choose(selection))

    def show_digit(self, index: int) -> None:
        """Switch to the mistakes view, at a digit of the split that is shown."""
        self._show_mistakes(lambda view: view.choose_digit(index))

    def show_inside(self, index: int) -> None:
        """Switch to the network view, at a digit of the split that is shown."""
        self.show_view("network")
        view = self.screen
        if isinstance(view, NetworkView):
            view.call_after_refresh(view.show_inside, index)  # it may not be mounted yet

    def show_cell(self, cell: Cell) -> None:
        """Switch to the confusion view, at a cell."""
        self.show_view("confusion")
        view = self.screen
        if isinstance(view, ConfusionView):
            view.call_after_refresh(view.choose, cell)  # its widgets may not be mounted yet

    def show_health(self) -> None:
        """Switch to the page that says what ails the run."""
        self.show_view("network")
        view = self.screen
        if isinstance(view, NetworkView):
            view.call_after_refresh(view.show_page, HealthPage)

    def _show_mistakes(self, choose: Callable[[MistakesView], None]) -> None:
        self.show_view("mistakes")
        view = self.screen
        if not isinstance(view, MistakesView):
            return

        def choose_now() -> None:
            view.draw(self.model)  # it may not have seen the last evaluation yet
            choose(view)

        view.call_after_refresh(choose_now)  # its widgets may not be mounted yet
