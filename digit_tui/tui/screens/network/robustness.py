"""The page of robustness: how well digits are read that were made worse."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from threading import Event

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, Vertical
from textual.message import Message
from textual.widgets import Static

from digit_tui.data import counted
from digit_tui.insight.corruptions import CORRUPTIONS, STRENGTHS
from digit_tui.insight.robustness import MOST, POINTS
from digit_tui.run.events import Evaluated
from digit_tui.tui.key_words import key_names, with_keys
from digit_tui.tui.screens.network.page import Look, Page
from digit_tui.tui.state.found_robustness import FoundRobustness, find_robustness
from digit_tui.tui.state.run_model import RunModel
from digit_tui.tui.widgets.corrupted_digits import CorruptedDigits
from digit_tui.tui.widgets.mouse import RowChosen, Turned
from digit_tui.tui.widgets.robustness_chart import RobustnessChart
from digit_tui.tui.widgets.robustness_table import RobustnessTable

INVITATION = (
    f"{{measure}} measures how well the network reads digits that are made worse: "
    f"{len(CORRUPTIONS)} ways, "
    f"{STRENGTHS} strengths each, with {MOST:,} digits at most. It takes some seconds."
)
DIGIT = Binding.Group("Digit", compact=True)


@dataclass(frozen=True)
class Asked:
    """A measurement that is asked for."""

    number: int
    """Counts what was asked for; the same number is measured again only as time allows."""
    forked: bool
    """Whether there is a fork to measure."""
    fork: Evaluated | None = field(compare=False)
    stop: Event = field(compare=False, default_factory=Event)
    """Set when it is not wanted any more."""


class RobustnessPage(Page):
    """Accuracy by strength for each corruption; below it a digit under the chosen one."""

    NAME = "Robustness"
    SECONDS = 20.0
    BINDINGS = [
        Binding(
            "b", "measure", "Measure", id="measure", tooltip="Measure the network as it is now"
        ),
        Binding("escape", "stop", "Stop", id="measure_stop", tooltip="Stop measuring"),
        Binding(
            "enter", "open", "Why", id="robustness_open", tooltip="Explain the digit in Mistakes"
        ),
        Binding(
            "left",
            "move(-1)",
            "Digit",
            group=DIGIT,
            id="example_before",
            tooltip="Show the digit of the class before",
        ),
        Binding(
            "right",
            "move(1)",
            "Digit",
            group=DIGIT,
            id="example_after",
            tooltip="Show the digit of the next class",
        ),
        Binding(
            "up",
            "choose(-1)",
            "Corruption",
            show=False,
            id="corruption_before",
            tooltip="Go to the corruption above",
        ),
        Binding(
            "down",
            "choose(1)",
            "Corruption",
            show=False,
            id="corruption_after",
            tooltip="Go to the corruption below",
        ),
    ]

    class Progress(Message):
        """Some more was measured. Sent from the thread."""

        def __init__(self, asked: Asked, look: Look, found: FoundRobustness) -> None:
            """Tell of it.

            Args:
                asked: what is measured.
                look: the network and the digits.
                found: the results so far.
            """
            super().__init__()
            self.asked, self.look, self.found = asked, look, found

    def __init__(self) -> None:
        super().__init__()
        self._asked: Asked | None = None
        self._count = 0
        """How often it was asked for."""
        self._measuring: int | None = None
        """How many measurements are done, of those under way."""
        self._ended: Asked | None = None
        """What was measured last, set by the thread."""
        self._fork: Evaluated | None = None
        self._replays = False
        self._look: Look | None = None
        self._found: FoundRobustness | None = None
        self._corruption = 0
        self._example = 0

    def compose(self) -> ComposeResult:
        yield Static(with_keys(self.app, INVITATION))
        with Horizontal(), Vertical():
            with Horizontal():
                yield RobustnessTable()
                yield RobustnessChart()
            yield CorruptedDigits()

    def on_mount(self) -> None:
        self.query_one(Horizontal).display = False

    @property
    def keys_first(self) -> Sequence[str]:
        return ("measure_stop",) if self._measuring is not None else ("measure",)

    @property
    def choice(self) -> Asked | None:
        if self._asked is None:
            return None
        return replace(self._asked, forked=self._fork is not None, fork=self._fork)

    @property
    def follows(self) -> bool:
        return self._asked is not None and not self._replays

    def show(self, model: RunModel) -> None:
        self._fork = None if model.fork is None else model.fork.evaluated
        self._replays = model.replay is not None
        found = self._found
        if found is not None and (
            (model.fork is None and len(found.results) > 1)
            or found.evaluated.step > model.step  # it is undone
        ):
            self._look = self._found = None
            again = self.follows
            self._show_instead("Measuring ..." if again else with_keys(self.app, INVITATION))

    def begin_anew(self) -> None:
        if self._asked is not None:
            self._asked.stop.set()
            self._asked = None
        self.say(with_keys(self.app, INVITATION))
        self.refresh_bindings()

    def compute(self, look: Look, choice: Asked | None) -> FoundRobustness | None:
        if choice is None:
            return None
        found = None
        try:
            for found in find_robustness(look.dataset, look.evaluated, choice.fork):
                if choice.stop.is_set():
                    return None
                if found.measured % STRENGTHS == 0:  # each drawing is some kilobytes
                    self.post_message(self.Progress(choice, look, found))
        finally:
            self._ended = choice
        return found

    def take(self, look: Look, found: FoundRobustness | None) -> None:
        self._measuring = None
        if found is not None:
            self._take_over(look, found)
        elif self._look is not None and self._look.digits != look.digits:
            self.say(with_keys(self.app, INVITATION))
        self.refresh_bindings()

    def _take_over(self, look: Look, found: FoundRobustness) -> None:
        self._look, self._found = look, found
        self._example = min(self._example, len(found.examples[0]) - 1)
        self._show_instead(None)

    def on_robustness_page_progress(self, message: Progress) -> None:
        if message.asked.stop.is_set() or message.asked is self._ended:
            return  # it comes after the end: that is told to the view
        if message.asked.forked and self._fork is None:
            return  # the fork has ended: it is measured anew
        first = self._measuring is None
        self._measuring = message.found.measured
        if first:
            self.refresh_bindings()
        if self._found is None or not self._found.complete:  # what is complete stays until then
            self._take_over(message.look, message.found)
            self.draw()
        self._entitle()

    def say(self, text: str) -> None:
        self._look = self._found = self._measuring = None
        self._show_instead(text)

    def draw(self) -> None:
        found, look = self._found, self._look
        if found is None or look is None:
            return
        self.query_one(RobustnessTable).show(found.results, self._corruption)
        self.query_one(RobustnessChart).show(found.results, self._corruption)
        self._entitle()
        name = CORRUPTIONS[self._corruption].name
        label, digit = found.labels[self._example], found.shown[self._example]
        self.query_one(CorruptedDigits).show(
            found.examples[self._corruption][self._example],
            look.dataset.side,
            f"#{digit} is {label}; {name} at strengths 0 to {STRENGTHS}",
        )

    def _entitle(self) -> None:
        """Say what the chart shows, or how far it is."""
        found = self._found
        if found is None:
            return
        name = CORRUPTIONS[self._corruption].name
        digits = counted(len(found.digits), f"{found.evaluated.split} digit")
        title = f"Right under {name}"
        titles = [
            f"{title}: {digits}, epoch {found.evaluated.epoch:.4g}",
            f"{title}: {digits}",
            f"{title}: {counted(len(found.digits), 'digit')}",
            title,
        ]
        if self._measuring is not None:
            stops = f"{key_names(self.app)['measure_stop']} stops"
            measured = f"{self._measuring} of {POINTS} measured"
            titles = [f"{measured}, {stops}", measured]
            if found.complete and found.measured != self._measuring:  # that of before is in sight
                until = f"epoch {found.evaluated.epoch:.4g} until then"
                titles = [f"{measured} anew, {until}; {stops}", f"{measured}; {until}"]
        self.query_one(RobustnessChart).entitle(titles)

    def action_measure(self) -> None:
        """Measure the network, unless that is under way."""
        if self._measuring is None:
            self._count += 1
            self._asked, self._measuring = Asked(self._count, False, None), 0
            if self._found is None:
                self._show_instead("Measuring ...")
            self.refresh_bindings()
            self.post_message(self.Changed())

    def action_stop(self) -> None:
        """Measure no more, until it is asked for again."""
        if self._asked is not None:
            self._asked.stop.set()
            stopped = f"It was stopped: {self._measuring or 0} of {POINTS} were measured.\n\n"
            self._asked = self._measuring = None
            if self._found is None or not self._found.complete:
                self.say(stopped + with_keys(self.app, INVITATION))
            self.draw()
            self.refresh_bindings()
            self.post_message(self.Changed())

    def action_choose(self, count: int) -> None:
        """Go to another corruption."""
        self._corruption = min(max(self._corruption + count, 0), len(CORRUPTIONS) - 1)
        self.draw()

    def on_turned(self, message: Turned) -> None:
        self.action_choose(message.rows)

    def on_row_chosen(self, message: RowChosen) -> None:
        self.action_choose(message.row - self._corruption)

    def action_move(self, count: int) -> None:
        """Show another digit."""
        if self._found is not None:
            self._example = (self._example + count) % len(self._found.examples[0])
            self.draw()

    def action_open(self) -> None:
        if self._found is not None:
            self.host.show_digit(int(self._found.shown[self._example]))

    def offers(self, action: str) -> bool | None:
        if action == "stop":
            return self._measuring is not None or None
        if action in ("open", "move", "choose"):
            return self._found is not None or None
        return True

    def on_hide(self) -> None:
        self.action_stop()  # nothing is computed for what is not seen, and other pages wait for it

    def on_unmount(self) -> None:
        if self._asked is not None:  # leaving waits for the thread
            self._asked.stop.set()
