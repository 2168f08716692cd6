"""The page with a map: which digits the network finds alike lie side by side."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.message import Message
from textual.widgets import Static

from digit_tui.insight.digit_table import DigitTable
from digit_tui.insight.embedding import Embedding
from digit_tui.insight.selection import highest_first
from digit_tui.tui.drawing.ink import default_renderer
from digit_tui.tui.drawing.scatter import Scatter
from digit_tui.tui.key_words import with_keys
from digit_tui.tui.screens.network.map_keys import MAP_KEYS
from digit_tui.tui.screens.network.page import Look, Page
from digit_tui.tui.screens.network.placing import FoundMap, Neighbourhood, Placing
from digit_tui.tui.state.map_window import MapWindow
from digit_tui.tui.state.selected_digit import SelectedDigit
from digit_tui.tui.widgets.digit_map import DigitMap
from digit_tui.tui.widgets.map_legend import MapLegend
from digit_tui.tui.widgets.pictures import DigitPicture

LOOKING = "The network is looked at ..."
DRAWN_EVERY = 50
"""Iterations of t-SNE from one drawing to the next: each is some kilobytes."""
STEP = 1.5
"""Of the zoom."""
PAN = 0.25
"""Of the window, by a key."""


class MapPage(Page):
    """The digits in the last hidden layer, in two dimensions; one of them large beside the map."""

    NAME = "Map"
    SECONDS = 3.0
    BINDINGS = MAP_KEYS

    class Progress(Message):
        """t-SNE has come farther. Sent from the thread."""

        def __init__(self, asked: Neighbourhood, found: FoundMap, reached: Embedding) -> None:
            """Tell of it.

            Args:
                asked: what is computed.
                found: the map so far.
                reached: how far it is.
            """
            super().__init__()
            self.asked, self.found, self.reached = asked, found, reached

    def __init__(self) -> None:
        super().__init__()
        self._found: FoundMap | None = None
        self._window = MapWindow()
        self._digit: int | None = None
        """The chosen one, of the split."""
        self._only_wrong = False
        self._progress = ""
        self._asked: Neighbourhood | None = None
        """None shows the principal components."""
        self._placing = Placing()
        """Used by the thread only."""

    def compose(self) -> ComposeResult:
        yield Static(LOOKING)
        with Horizontal():
            yield DigitMap()
            with Vertical():
                yield DigitPicture()
                yield MapLegend()

    def on_mount(self) -> None:
        self.query_one(Horizontal).display = False

    @property
    def words_now(self) -> dict[str, str]:
        embed = {"embed": "PCA"} if self._asked is not None else {}
        return {**embed, **({"map_all": "All"} if self._only_wrong else {})}

    def begin_anew(self) -> None:
        self._show_components()
        self._digit = None
        self.say(LOOKING)

    @property
    def choice(self) -> Neighbourhood | None:
        return self._asked

    @property
    def follows(self) -> bool:
        return self._asked is None

    def compute(self, look: Look, choice: Neighbourhood | None) -> FoundMap | None:
        if choice is None:
            return self._placing.by_components(look)
        return self._placing.by_neighbourhood(
            look,
            choice,
            lambda found, reached: self.post_message(self.Progress(choice, found, reached)),
        )

    def take(self, look: Look, found: FoundMap | None) -> None:
        if found is None:  # it was stopped; another one will come
            return
        if not np.isfinite(found.points).all():
            self.say("The network has diverged: its numbers have no place on a map.")
            return
        if self._found is not None and self._found.look.digits != look.digits:
            self._digit = None
        self._found = found
        self._window.take(found.points)  # keys may come before it is drawn
        self._show_instead(None)
        self.refresh_bindings()

    def on_map_page_progress(self, message: Progress) -> None:
        if message.asked is not self._asked or message.asked.found is not None:
            return
        reached = message.reached
        self._progress = f"t-SNE: {reached.iteration} of {reached.iterations}"
        if reached.iteration % DRAWN_EVERY == 0:
            self.take(message.found.look, message.found)
            self.draw()
        else:
            self._draw_beside()

    def say(self, text: str) -> None:
        self._found = None
        self._show_instead(text)

    def draw(self) -> None:
        found, drawn = self._found, self.query_one(DigitMap)
        if found is None or not drawn.size:  # it has no size when it was hidden a moment ago
            return
        self._window.fit(*drawn.size)
        evaluation = found.look.evaluated.evaluation
        labels = evaluation.labels[found.digits]
        wrong = evaluation.predictions[found.digits] != labels
        at = self._place
        shown = self._reachable
        crossed = wrong[shown] & (not self._only_wrong)
        scatter = Scatter(self._window.places[shown], labels[shown].astype(np.intp), crossed)
        cursor = np.flatnonzero(shown == at)
        drawn.show(scatter, found.look.dataset.classes, int(cursor[0]) if len(cursor) else None)
        self._entitle(found)
        self._draw_beside()

    def _draw_beside(self) -> None:
        """Draw the chosen digit and the legend."""
        found = self._found
        if found is None:
            return
        evaluation = found.look.evaluated.evaluation
        wrong = evaluation.predictions[found.digits] != evaluation.labels[found.digits]
        selected = self._selected(found, int(found.digits[self._place]))
        self.query_one(DigitPicture).show(selected.square, default_renderer(self.app))
        progress = self._progress if self._embeds else ""
        self.query_one(MapLegend).show(selected, int(wrong.sum()), progress)

    def _entitle(self, found: FoundMap) -> None:
        """Say what is seen, in as many words as fit."""
        drawn = self.query_one(DigitMap)
        hidden = len(found.look.evaluated.network.layers) - 1
        what = f"layer {hidden}" if hidden else "the pixels"
        method = with_keys(self.app, found.method)
        title, room = f"Map of {what} by {method}", drawn.size.width - 4
        title = title if len(title) <= room else method
        more = [f"{self._window.zoom:.2g}×"] if self._window.zoom > 1 else []
        more += ["mistakes"] if self._only_wrong else []
        for each in more:
            if len(title) + len(each) + 2 <= room:
                title += f", {each}"
        drawn.entitle(title)

    @staticmethod
    def _selected(found: FoundMap, digit: int) -> SelectedDigit:
        look, evaluated = found.look, found.look.evaluated
        table = DigitTable(evaluated.evaluation, evaluated.history)
        return SelectedDigit(
            look.dataset, look.images, table, evaluated.network, evaluated.epoch, digit
        )

    @property
    def _place(self) -> int:
        """Of the chosen digit among those on the map; until one is chosen, of the hardest."""
        assert self._found is not None
        digits = self._found.digits
        if self._digit is None:
            losses = self._found.look.evaluated.evaluation.losses[digits]
            self._digit = int(digits[highest_first(losses)[0]])
        places = np.flatnonzero(digits == self._digit)
        return int(places[0]) if len(places) else 0

    @property
    def _reachable(self) -> NDArray[np.intp]:
        """The digits that are shown, by their places on the map."""
        assert self._found is not None
        evaluation, digits = self._found.look.evaluated.evaluation, self._found.digits
        if not self._only_wrong:
            return np.arange(len(digits))
        return np.flatnonzero(evaluation.predictions[digits] != evaluation.labels[digits])

    def _choose(self, place: int) -> None:
        """Choose a digit by its place on the map."""
        assert self._found is not None
        self._digit = int(self._found.digits[place])
        self._window.reveal(place)
        self.draw()

    def action_move(self, right: int, down: int) -> None:
        if self._found is not None and len(self._reachable):
            self._choose(self._window.next(self._place, right, down, self._reachable))

    def on_digit_map_pointed(self, message: DigitMap.Pointed) -> None:
        if self._found is None or not len(self._reachable):
            return
        self._choose(self._window.nearest(message.column, message.row, self._reachable))
        if message.twice:
            self.action_open()

    def action_pan(self, right: int, down: int) -> None:
        width, height = self.query_one(DigitMap).size
        self._window.pan(right * PAN * width, down * PAN * height)
        self.draw()

    def on_digit_map_dragged(self, message: DigitMap.Dragged) -> None:
        self._window.pan(-message.columns, -message.rows)
        self.draw()

    def action_zoom(self, steps: int) -> None:
        if self._found is not None:
            column, row = self._window.places[self._place].tolist()
            self._window.zoom_by(STEP**steps, column, row)
            self.draw()

    def on_digit_map_zoomed(self, message: DigitMap.Zoomed) -> None:
        self._window.zoom_by(STEP if message.closer else 1 / STEP, message.column, message.row)
        self.draw()

    def action_whole(self) -> None:
        self._window.reset()
        self.draw()

    def action_toggle_wrong(self) -> None:
        self._only_wrong = not self._only_wrong
        self.refresh_bindings()
        self.draw()

    def action_open(self) -> None:
        if self._found is not None:
            self.host.show_digit(int(self._found.digits[self._place]))

    def action_inside(self) -> None:
        if self._found is not None:
            self.host.show_inside(int(self._found.digits[self._place]))

    def action_embed(self) -> None:
        """Ask for t-SNE or, if it was asked for, for the principal components."""
        if self._asked is not None:
            self._show_components()
        elif self._found is not None:
            self._ask(Neighbourhood(int(self._found.digits[self._place])))

    def action_stop(self) -> None:
        self._show_components()

    def _show_components(self) -> None:
        if self._asked is not None:
            self._asked.stop.set()
            self._ask(None)

    def _ask(self, asked: Neighbourhood | None) -> None:
        self._asked = asked
        self.refresh_bindings()
        self.post_message(self.Changed())

    @property
    def _embeds(self) -> bool:
        """Whether t-SNE is under way."""
        return self._asked is not None and self._asked.found is None

    def offers(self, action: str) -> bool | None:
        if action == "stop":
            return self._embeds or None
        return True

    def on_hide(self) -> None:
        if self._embeds:  # nothing is computed for what is not seen, and other pages wait for it
            self._show_components()

    def on_unmount(self) -> None:
        if self._asked is not None:  # leaving waits for the thread
            self._asked.stop.set()
