"""An app with the views of a run: which there are, and how one leads to another."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from digit_tui.tui.job_control import JobControlApp
from digit_tui.tui.screens.confusion import ConfusionView
from digit_tui.tui.screens.draw import DrawView
from digit_tui.tui.screens.frame_host import Place
from digit_tui.tui.screens.mistakes import MistakesView
from digit_tui.tui.screens.network.health import HealthPage
from digit_tui.tui.screens.network.page import Page
from digit_tui.tui.screens.network.view import PAGES, NetworkView
from digit_tui.tui.screens.train import TrainView
from digit_tui.tui.state.run_model import RunModel
from digit_tui.tui.widgets.confusion_matrix import Cell

PAGE_WORDS = {
    "Layers": "layers gradient norm update histogram dead weights check",
    "Units": "units neurons switch off prune pruning",
    "Digit": "digit path activation decided",
    "Map": "map pca t-sne projection embedding",
    "Health": "health wrong trouble diagnosis",
    "Robustness": "robustness corruption noise blur",
    "Calibration": "calibration confidence temperature reliability",
}
"""What else a person may look for on the pages of the network, by their names."""
LOADING_SECONDS = 0.3
"""A dataset that is still loaded this long after the first frame is a large one."""
MAKE_SECONDS = 2.0
"""This long after the first frame all views are mounted."""


class ViewsApp(JobControlApp):
    """Has the views of a run.

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

    def make_views_soon(self) -> None:
        """Mount the views that are not on screen: as many as can be while the dataset is loaded.

        The others follow when the run is under way: nobody waits then.
        """
        self.set_timer(LOADING_SECONDS, self._make_while_loading)
        self.set_timer(MAKE_SECONDS, self.make_views)

    async def _make_while_loading(self) -> None:
        await self.make_views(lambda: self.model.state == "loading")

    def show_digits(self, selection: str) -> None:
        """Switch to the mistakes view, filtered by a selection such as "true=4 pred=9"."""
        origin = self.current_mode
        self._show_mistakes(lambda view: view.choose(selection, origin))

    def show_digit(self, index: int) -> None:
        """Switch to the mistakes view, at a digit of the split that is shown."""
        origin = self.current_mode
        self._show_mistakes(lambda view: view.choose_digit(index, origin))

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
        self._show_page(HealthPage)

    def _show_page(self, page: type[Page]) -> None:
        """Switch to a page of the network view."""
        self.show_view("network")
        view = self.screen
        if isinstance(view, NetworkView):
            view.call_after_refresh(view.show_page, page)

    @property
    def places(self) -> list[Place]:
        if "network" not in self.VIEWS:
            return super().places
        pages = [
            Place(f"{page.NAME}, in Network", PAGE_WORDS[page.NAME], partial(self._show_page, page))
            for page in PAGES
        ]
        return [*super().places, *pages]

    def _show_mistakes(self, choose: Callable[[MistakesView], None]) -> None:
        self.show_view("mistakes")
        view = self.screen
        if not isinstance(view, MistakesView):
            return

        def choose_now() -> None:
            view.draw(self.model)  # it may not have seen the last evaluation yet
            choose(view)

        view.call_after_refresh(choose_now)  # its widgets may not be mounted yet
