"""A digit of one's own: drawn here, read by the network as it is drawn, and kept for later."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.message import Message
from textual.timer import Timer

from digit_tui.insight.drawn_digit import read_drawing
from digit_tui.session.fork_status import newest
from digit_tui.training.pace import Pace
from digit_tui.tui.drawing.ink import default_renderer, next_renderer
from digit_tui.tui.key_words import key_names
from digit_tui.tui.screens.view import View
from digit_tui.tui.state.classifier_maker import ClassifierMaker
from digit_tui.tui.state.drawing_keeper import DrawingKeeper, teach_key
from digit_tui.tui.state.drawn_digit import DrawnDigit
from digit_tui.tui.state.run_model import RunModel
from digit_tui.tui.widgets.drawing_begin import DrawingBegin
from digit_tui.tui.widgets.drawing_canvas import ARROWS, TOOLS, DrawingCanvas
from digit_tui.tui.widgets.drawing_words import DrawingWords
from digit_tui.tui.widgets.read_drawing import ReadDrawing

LOOK_SECONDS = 1.0
"""While the network trains, its state is copied no more often than once in this time."""
REST_SECONDS = 0.15
"""What takes longer than the bars is computed when the drawing has not changed for so long."""
OF_THE_RUN = ("leave_canvas", "pause", "teach")
"""What the key bar has room for first while the frame is left, by id."""
DIGITS = [*"0123456789"]


class DrawView(View):
    """A canvas, and beside it the bars of the classes and what explains them."""

    TAB = "Draw"
    AUTO_FOCUS = ""  # a frame that was left is entered again by who wants it
    BINDINGS = [
        Binding(
            "enter",
            "keep_drawing",
            "Keep",
            priority=True,  # handled at once: the next key is the label
            id="keep_drawing",
            tooltip="Keep the drawing: then type what it is",
        ),
        Binding("y", "why", "Why", id="why", tooltip="Show what explains the answer, or the steps"),
        Binding("p", "pixels", "Pixels", id="drawn_pixels", tooltip="Mark the pixels that decided"),
        Binding(
            "d",
            "as_drawn",
            "As drawn",
            id="as_drawn",
            tooltip="Show it to the network as drawn, or normalised",
        ),
        Binding(
            "m",
            "next_renderer",
            "Drawing",
            show=False,
            id="drawn_with",
            tooltip="Draw with half blocks, Braille or ASCII",
        ),
        Binding(
            "escape",
            "leave_canvas",
            "Leave",
            id="leave_canvas",
            tooltip="Leave the canvas to the keys of the run, or return",
        ),
    ]

    class Learned(Message):
        """It was learned in a thread what is no digit."""

    def __init__(self) -> None:
        super().__init__()
        self._normalises = True
        self._pixels = False
        self._keeper = DrawingKeeper()
        self._is_refused = False
        """Whether the drawing is read as no digit."""
        self._pace = Pace(1.0)
        """Of copies of the state."""
        self._maker = ClassifierMaker()
        self._rest: Timer | None = None
        self._change_pending = False

    @classmethod
    def parts(cls) -> list[tuple[str, Sequence[BindingType]]]:
        return [(cls.TAB, [*TOOLS, *cls.BINDINGS, *ARROWS])]

    def compose_content(self) -> ComposeResult:
        with Horizontal(id="draw"):
            with Vertical(id="drawn"):
                yield DrawingCanvas()
                yield DrawingWords()
            yield DrawingBegin()
            yield ReadDrawing()

    def on_mount(self) -> None:
        self._canvas.renderer = default_renderer(self.app)
        self._canvas.focus()

    @property
    def _canvas(self) -> DrawingCanvas:
        return self.query_one(DrawingCanvas)

    @property
    def words_now(self) -> dict[str, str]:
        left = {} if self._is_in_frame else {"leave_canvas": "Draw"}
        seen = {} if self._normalises else {"as_drawn": "Normalised"}
        return {**super().words_now, **left, **seen}

    @property
    def keys_first(self) -> Sequence[str]:
        keys = super().keys_first
        if self.host.model.fork is not None:  # that of the drawings, as a rule
            keys = ("keep", *keys)
        return keys if self._is_in_frame else (*OF_THE_RUN, *keys)

    @property
    def _is_in_frame(self) -> bool:
        """Whether keys draw."""
        return isinstance(self.focused, DrawingCanvas)

    @property
    def _is_roomy(self) -> bool:
        return self.has_class("-wide") and self.has_class("-high")

    @property
    def _explains(self) -> bool:
        """Whether what explains the answer is shown: always where there is room."""
        return self._is_roomy or self.has_class("-explains")

    def draw(self, model: RunModel) -> None:
        self._look(model)
        self._canvas.redraw()
        digit = self._read(model)
        self._show_words()
        if digit is not None:
            self._explain(digit)

    def on_drawing_canvas_changed(self, message: DrawingCanvas.Changed) -> None:
        """Show the drawing and the bars, once for all changes that came together."""
        drawing = self._canvas.drawing
        returned = message.undone and self._keeper.take_back(drawing.image)
        if not returned and not drawing.is_blank:
            self._keeper.go_on()
        if self.ready and not self._change_pending:
            self._change_pending = True
            self.call_later(self._show_change)

    def _show_change(self) -> None:
        """Show the drawing and the bars at once, the rest when the hand rests."""
        self._change_pending = False
        self._canvas.redraw()
        self._read(self.host.model)
        self._show_words()
        if self._rest is not None:
            self._rest.stop()
        self._rest = self.set_timer(REST_SECONDS, self.redraw)

    def _look(self, model: RunModel) -> None:
        """Ask for the state of a run that trains, unless that was a moment ago."""
        trains = model.going and model.replay is None
        waited = self._pace.waited >= LOOK_SECONDS
        if trains and waited and not self._canvas.drawing.is_blank:
            with self._pace:
                self.host.look_inside()

    def _read(self, model: RunModel) -> DrawnDigit | None:
        """Show what the network reads; None if there is nothing to read, or nobody to read it."""
        blank, latest = self._canvas.drawing.is_blank, model.latest
        self._is_refused = False
        if blank or latest is None or model.dataset is None:
            self.query_one(DrawingBegin).show(blank, teach_key(model))
            self.set_class(True, "-blank")
            self.query_one(ReadDrawing).close()
            return None
        self.set_class(False, "-blank")
        network, epoch = latest
        self._learn(model)
        image, fork = self._canvas.drawing.image, model.fork
        other = None if fork is None else newest(fork.inspected, fork.evaluated)
        reading = read_drawing(network, image, self._normalises, self._maker.classifier)
        self._is_refused = reading.is_refused
        digit = DrawnDigit(model.dataset, network, epoch, reading)
        self.query_one(ReadDrawing).show(
            digit,
            None if other is None else read_drawing(other[0], image, self._normalises),
            self._maker.makes_first,
            self._normalises,
            self._pixels,
            self._canvas.renderer,
        )
        return digit

    def _learn(self, model: RunModel) -> None:
        """Learn in a thread what is no digit to the network."""
        job = self._maker.due(model)
        if job is not None:
            learn = partial(self._learn_by, job)
            self.run_worker(learn, thread=True, group="classifier", description="classifier")

    def _learn_by(self, job: Callable[[], None]) -> None:
        job()
        self.post_message(self.Learned())

    def on_draw_view_learned(self) -> None:
        self.redraw_once()

    def _explain(self, digit: DrawnDigit) -> None:
        """Show what takes longer than the bars."""
        read = self.query_one(ReadDrawing)
        if not self._explains:
            read.close()
            return
        model = self.host.model
        at_once = not model.going or model.replay is not None  # training need not wait
        read.explain(digit, self._canvas.renderer, at_once)

    def _show_words(self) -> None:
        """Show the question, or the tool in use and what there is to say."""
        words, keeper = self.query_one(DrawingWords), self._keeper
        if keeper.asks:
            words.ask(keeper.question(self.host.model, self._is_refused))
        else:
            small = self._is_refused and self._canvas.drawing.is_small
            left, normalised = not self._is_in_frame, self._normalises
            words.show(self._canvas.words, keeper.said, left, small, normalised)
        self.set_class(keeper.asks, "-asks")
        self._canvas.takes_keys = not keeper.asks

    # Keeping

    def action_keep_drawing(self) -> None:
        """Ask what the drawing is; the next key answers."""
        if self._canvas.drawing.is_blank:
            self._say("There is nothing to keep yet.")
            return
        self._canvas.lift()
        if self._keeper.asks:
            self._say("")
        else:
            self._keeper.ask(self.host.model)
            self._show_words()

    def on_key(self, event: events.Key) -> None:
        """Take the key that says what the drawing is; a digit does so unasked."""
        if not self._keeper.asks and event.key not in DIGITS:
            return
        event.stop()
        if event.key == "escape":
            self._say("It was not kept.")
            return
        if self._canvas.drawing.is_blank:
            self._say("Draw first, then say what it is.")
            return
        ink = self._canvas.drawing.image
        undo_key = key_names(self.app)["undo_stroke"]
        if self._keeper.keep(ink, event.character or "", self.host.model, undo_key):
            self._canvas.action_wipe()
        self._show_words()

    def _say(self, text: str) -> None:
        self._keeper.say(text)
        self._show_words()

    def on_screen_suspend(self) -> None:
        if self.ready:
            self._canvas.lift()
            self._say("")

    # How it is shown

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Disable what would change nothing."""
        possible = {"why": not self._is_roomy, "pixels": self._is_roomy or not self._explains}
        return possible.get(action, True) or None

    def action_why(self) -> None:
        if self._canvas.drawing.is_blank and not self._explains:
            self._say("Draw first, then ask why.")
            return
        self.toggle_class("-explains")
        self.refresh_bindings()
        self.redraw_once()

    def action_pixels(self) -> None:
        self._pixels = not self._pixels
        self.redraw()

    def action_as_drawn(self) -> None:
        self._normalises = not self._normalises
        self.refresh_bindings()
        self.redraw()

    def action_next_renderer(self) -> None:
        self._canvas.renderer = next_renderer(self._canvas.renderer)
        self.redraw()

    def action_leave_canvas(self) -> None:
        """Give the keys to the run, or back to the canvas."""
        self.set_focus(None if self._is_in_frame else self._canvas)
        self._say("")
