"""What is inside the network: its layers, and what they have learned."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.message import Message

from digit_tui.run.events import Evaluated, Inspected
from digit_tui.session.run_history import RunHistory
from digit_tui.training.pace import Pace
from digit_tui.tui.screens.network.calibration import CalibrationPage
from digit_tui.tui.screens.network.digit import DigitPage
from digit_tui.tui.screens.network.health import HealthPage
from digit_tui.tui.screens.network.layers import LayersPage
from digit_tui.tui.screens.network.map import MapPage
from digit_tui.tui.screens.network.page import Look, Page
from digit_tui.tui.screens.network.robustness import RobustnessPage
from digit_tui.tui.screens.network.units import UnitsPage
from digit_tui.tui.screens.view import View
from digit_tui.tui.state.run_model import RunModel
from digit_tui.tui.widgets.page_bar import PageBar

SHARE = 0.02
"""The most of the time that looking may take beside training."""
PAGES: tuple[type[Page], ...] = (
    LayersPage,
    UnitsPage,
    DigitPage,
    MapPage,
    HealthPage,
    RobustnessPage,
    CalibrationPage,
)


@dataclass(frozen=True, eq=False)
class _Question:
    """What is to be computed."""

    look: Look
    page: Page
    choice: Any

    @property
    def moment(self) -> Evaluated | Inspected:
        """What is looked at."""
        return self.look.inspected or self.look.evaluated

    def same_choice(self, other: _Question | None) -> bool:
        """Whether it asks for the same, perhaps at another moment."""
        return other is not None and (self.page, self.choice) == (other.page, other.choice)


class NetworkView(View):
    """Pages about the inside of the network; what is not on screen is not computed, nor mounted
    before it is first shown."""

    TAB = "Network"
    BINDINGS = [
        Binding("p", "next_page", "Page", id="page", tooltip="Show the next page of this view"),
        Binding(
            "P",
            "next_page(-1)",
            "Page before",
            show=False,
            id="page_before",
            tooltip="Show the page before",
        ),
    ]

    class Found(Message):
        """A question was answered, in the thread."""

        def __init__(self, question: _Question, found: Any, error: Exception | None) -> None:
            """Tell of it.

            Args:
                question: that was asked.
                found: the answer.
                error: why there is none.
            """
            super().__init__()
            self.question = question
            self.found = found
            self.error = error

    def __init__(self) -> None:
        super().__init__()
        self._pages = [page() for page in PAGES]
        self._place = 0
        self._pace = Pace(SHARE)
        self._computing: _Question | None = None
        self._computing_for: RunHistory | None = None
        """The run that it is computed for."""
        self._answered: _Question | None = None
        self._epochs: dict[Page, float | None] = {}
        """Whose network each page shows."""
        self._run: RunHistory | None = None
        """The run that it shows, by its history: a fork that is kept has another one."""
        self._opened = True
        """Whether the page was opened since it was last drawn."""
        self._urgent = False
        """Whether training waits for what is computed next: once, when a page is opened."""
        self._before: Inspected | None = None
        """The state that there was then; a person wants to see the network as it is now."""

    @classmethod
    def parts(cls) -> list[tuple[str, Sequence[BindingType]]]:
        return [*super().parts(), *((page.NAME, page.BINDINGS) for page in PAGES)]

    @property
    def part(self) -> str:
        return self.page.NAME

    @property
    def words_now(self) -> dict[str, str]:
        return {**super().words_now, **self.page.words_now}

    @property
    def keys_first(self) -> Sequence[str]:
        return (*self.page.keys_first, *super().keys_first)

    def compose_content(self) -> ComposeResult:
        yield PageBar([page.NAME for page in self._pages])
        yield self.page

    def on_mount(self) -> None:
        self._show_page()

    @property
    def page(self) -> Page:
        """The one that is shown."""
        return self._pages[self._place]

    def _show_page(self) -> None:
        if not self.page.is_attached:
            self.mount(self.page, after=self.query_one(PageBar))
        for page in self._pages:
            page.display = page is self.page
        self.page.focus()
        self.refresh_bindings()

    def action_next_page(self, count: int = 1) -> None:
        self.go_to_page((self._place + count) % len(self._pages))

    def go_to_page(self, place: int) -> None:
        """Show a page.

        Args:
            place: of the page, from 0.
        """
        self._place = place
        self._show_page()
        self._opened = True
        self.redraw_once()

    def on_screen_suspend(self) -> None:
        self._opened = True  # when it is seen again

    def show_page(self, page: type[Page]) -> None:
        """Show a page, by its type."""
        self.go_to_page(PAGES.index(page))

    def on_page_bar_chosen(self, message: PageBar.Chosen) -> None:
        self.go_to_page(message.place)

    def on_page_changed(self, message: Page.Changed) -> None:
        self._opened = self._opened or message.of_now
        self.redraw_once()

    def show_inside(self, digit: int) -> None:
        """Show a digit of the split on its way through the network."""
        self.show_page(DigitPage)
        page = self.page
        assert isinstance(page, DigitPage)
        page.choose(digit)

    def show(self, model: RunModel) -> None:
        super().show(model)
        if model.history is not self._run:
            if self._run is not None and model.replay is None:
                self._begin_anew()
            self._run = model.history
        as_of = self.page.as_of(model, self._epochs.get(self.page))
        self.query_one(PageBar).show(self._place, *as_of)
        if self.page.ready:
            self.page.show(model)

    def _begin_anew(self) -> None:
        """Another run begins, or goes on: what was found of the one before it is of no use."""
        self._answered, self._epochs = None, {}
        for page in self._pages:
            if page.ready:
                page.begin_anew()

    def redraw(self) -> None:
        super().redraw()
        if self.is_current and self.ready and self.page.ready:
            self.page.draw()

    def draw(self, model: RunModel) -> None:
        """Ask for what the page lacks; what it shows is drawn when the answer comes."""
        if not self.page.ready:
            return  # it tells when it is
        evaluated, dataset = model.shown, model.dataset
        if evaluated is None or dataset is None:
            if self.page.follows:
                self.page.say("The network has not been evaluated yet.")
            return
        if self._opened:
            self._opened, self._urgent = False, True
            self._before = None if self.host.inspector.is_latest(model) else model.inspected
        # Else training would have to wait.
        at_once = self._urgent or not model.going or model.replay is not None
        if self.page.needs_state and (at_once or self._free):
            self.host.inspector.ask(model)
        if self.page.needs_state and model.replay is None and not self._has_state(model):
            return  # it comes between two steps
        look = Look(dataset, evaluated, model.inspected if self.page.needs_state else None)
        question, answered = _Question(look, self.page, self.page.choice), self._answered
        if self._computing is not None:
            return
        if answered is None or not question.same_choice(answered):
            due = True
        else:
            newer = self.page.follows and question.moment is not answered.moment
            due = (newer and (at_once or self._free)) or look.digits != answered.look.digits
        self._urgent = False
        if due:
            self._computing, self._computing_for = question, model.history
            # Textual would describe it by all that it is given, with the arrays written out.
            compute = partial(self._compute, question)
            self.run_worker(compute, thread=True, group="look", description="look")

    def _has_state(self, model: RunModel) -> bool:
        """Whether the state that was asked for has come."""
        if model.inspected is None or (self._urgent and model.inspected is self._before):
            return False
        return model.going or self.host.inspector.is_latest(model)

    @property
    def _free(self) -> bool:
        """Whether training can spare the time."""
        rested = self._pace.allowed and self._pace.waited >= self.page.SECONDS
        return self._computing is None and rested

    def _compute(self, question: _Question) -> None:
        """Answer a question. Called in a thread."""
        found, error = None, None
        with self._pace:
            try:
                found = question.page.compute(question.look, question.choice)
            except Exception as trouble:  # no memory, for example: the next look may find some
                error = trouble
        self.post_message(self.Found(question, found, error))

    def on_network_view_found(self, message: Found) -> None:
        question, run = message.question, self._computing_for
        self._computing = None
        if run is not self._run:  # another run has begun
            self.redraw_once()
            return
        self._answered = question
        self._epochs[question.page] = None
        if message.error is not None:
            question.page.say(f"This cannot be computed: {message.error}")
        else:
            self._epochs[question.page] = question.page.epoch_of(question.look)
            question.page.take(question.look, message.found)
        self.redraw_once()  # the page; meanwhile something else may have been chosen, too
