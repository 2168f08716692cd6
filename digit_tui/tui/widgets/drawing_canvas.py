"""Where a person draws a digit, with the mouse or with keys alone."""

from __future__ import annotations

from rich.segment import Segment
from textual import events
from textual.binding import Binding
from textual.geometry import Size
from textual.message import Message
from textual.strip import Strip

from digit_tui.data.strokes import BRUSHES, RUBBER, SIDE, Drawing, Point
from digit_tui.tui.drawing.ink import RENDERERS, Line, draw, fitting_rows
from digit_tui.tui.key_words import with_keys
from digit_tui.tui.widgets.canvas import Canvas

MOVE = Binding.Group("Move", compact=True)
MIDDLE = Point(SIDE / 2 + 0.5, SIDE / 2 + 0.5)
"""Where the cursor begins; it is always in the middle of a unit."""
FAR = 4
"""Units that the cursor goes with shift."""
BELOW, ROOMY = 3, 17
"""Rows below it that are left free, in so many rows or more; in fewer rows, one is."""
HINT = "draw here"
CURSORS = {"half blocks": "▀▄", "Braille": "⠉⣀", "ASCII": "'."}
"""The cursor in the upper and in the lower half of a cell, by renderer."""
DIRECTIONS = {"left": (-1, 0), "down": (0, 1), "up": (0, -1), "right": (1, 0)}
TOOLS = [
    Binding("space", "toggle_pen", "Pen", id="pen", tooltip="Lower the pen, or lift it"),
    Binding(
        "z", "undo_stroke", "Undo stroke", id="undo_stroke", tooltip="Take the last stroke back"
    ),
    Binding("w", "wipe", "Clear", id="wipe", tooltip="Wipe the canvas clean"),
    Binding("b", "next_brush", "Brush", id="brush", tooltip="Use the thin or the thick brush"),
    Binding("x", "toggle_rubber", "Rubber", id="rubber", tooltip="Rub out, or draw again"),
    Binding(
        "backspace",
        "undo_stroke",
        "Undo stroke",
        show=False,
        id="undo_stroke_too",
        tooltip="Take the last stroke back, too",
    ),
    Binding("delete", "wipe", "Clear", show=False, id="wipe_too", tooltip="Wipe the canvas, too"),
]
ARROWS = [
    *(
        Binding(
            key,
            f"move({across}, {down})",
            "Move",
            group=MOVE,
            id=f"draw_{key}",
            tooltip=f"Move the cursor {key}; draw while the pen is down",
        )
        for key, (across, down) in DIRECTIONS.items()
    ),
    *(
        Binding(
            f"shift+{key}",
            f"move({FAR * across}, {FAR * down})",
            f"Far {key}",
            show=False,
            id=f"draw_far_{key}",
            tooltip=f"Move it {FAR} pixels {key}",
        )
        for key, (across, down) in DIRECTIONS.items()
    ),
]


class DrawingCanvas(Canvas, can_focus=True):
    """A square to draw on; its cells are twice as high as wide. The view draws it when it changed.

    The mouse is reported by cells: a stroke goes through the middle of those that it is dragged
    over, in straight lines from one report to the next, so that fast ones have no gaps. The cursor
    of the keys moves by units, half a cell up and down on a small canvas.

    Attributes:
        drawing: the strokes.
        renderer: one of `RENDERERS`.
        takes_keys: whether they draw; else they mean something else to the view.
    """

    COMPONENT_CLASSES = {"drawing-canvas--cursor", "drawing-canvas--hint"}
    BINDINGS = [*TOOLS, *ARROWS]

    class Changed(Message):
        """Something was drawn, or it will be drawn differently."""

        def __init__(self, undone: bool = False) -> None:
            """Tell of it.

            Args:
                undone: whether a stroke, or the clearing, was taken back.
            """
            super().__init__()
            self.undone = undone

    def __init__(self) -> None:
        super().__init__()
        self.drawing = Drawing()
        self.renderer = RENDERERS[0]
        self.takes_keys = True
        self._brush = next(iter(BRUSHES))
        self._rubs = False
        self._pen_is_down = False
        self._mouse_is_down = False
        self._had_focus = False
        """Whether it had the focus when it was hidden."""
        self._cursor: Point | None = None
        """None as long as no key moves it."""

    def get_content_width(self, container: Size, viewport: Size) -> int:
        return 2 * self._rows(container)

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        return self._rows(container)

    @staticmethod
    def _rows(room: Size) -> int:
        below = BELOW if room.height >= ROOMY else 1
        return fitting_rows(SIDE, room.width, room.height - below)

    @property
    def words(self) -> str:
        """Which tool is in use, and whether the pen is down."""
        tool = "rubber ({rubber})" if self._rubs else f"{self._brush} brush ({{brush}})"
        return f"{with_keys(self.app, tool)}, pen {'DOWN' if self._pen_is_down else 'up'}"

    def redraw(self) -> None:
        """Draw the strokes, the cursor, and while there is neither how to begin."""
        width, height = self.size
        if not width or not height:
            return
        _, _, paper, ink = self.colors
        lines = draw(self.drawing.image, width, height, self.renderer, paper, ink)
        if self._cursor is not None:
            self._put_cursor(lines, self._cursor)
        elif self.drawing.is_blank:
            hint = f"{HINT:^{width}}"[:width]
            lines[height // 2] = [Segment(hint, self.part("drawing-canvas--hint"))]
        self.paint(lines)

    def _put_cursor(self, lines: list[Line], cursor: Point) -> None:
        width, height = self.size
        x = min(int(cursor.x * width / SIDE), width - 1)
        half = min(int(cursor.y * 2 * height / SIDE), 2 * height - 1)
        line = Strip(lines[half // 2]).adjust_cell_length(width)
        sign = CURSORS[self.renderer][half % 2]
        cell = Strip([Segment(sign, self.part("drawing-canvas--cursor"))])
        lines[half // 2] = [*line.crop(0, x), *cell, *line.crop(x + 1)]

    def _tell(self) -> None:
        self.post_message(self.Changed())

    # Strokes

    def _begin(self, point: Point) -> None:
        self.drawing.begin(point, RUBBER if self._rubs else BRUSHES[self._brush], self._rubs)

    def lift(self) -> None:
        """End the stroke under way."""
        self._pen_is_down = self._mouse_is_down = False
        self.release_mouse()

    def action_undo_stroke(self) -> None:
        self.lift()
        self.drawing.undo()
        self.post_message(self.Changed(undone=True))

    def action_wipe(self) -> None:
        self.lift()
        self.drawing.clear()
        self._rubs = False  # there is nothing to rub out
        self._tell()

    def action_next_brush(self) -> None:
        names = [*BRUSHES]
        if not self._rubs:
            self._brush = names[(names.index(self._brush) + 1) % len(names)]
        self._change_tool(rubs=False)

    def action_toggle_rubber(self) -> None:
        self._change_tool(rubs=not self._rubs)

    def _change_tool(self, rubs: bool) -> None:
        self._rubs = rubs
        if self._pen_is_down and self._cursor is not None:  # the stroke goes on with another tool
            self._begin(self._cursor)
        self._tell()

    # Keys

    async def on_key(self, event: events.Key) -> None:
        """Do at once what a key does: on its way to the app the mouse would overtake it."""
        for binding in self._bindings.key_to_bindings.get(event.key, ()) if self.takes_keys else ():
            event.stop()
            await self.run_action(binding.action)

    def action_toggle_pen(self) -> None:
        if self._pen_is_down:
            self.lift()
        else:
            self.lift()
            self._cursor = self._cursor or MIDDLE
            self._pen_is_down = True
            self._begin(self._cursor)
        self._tell()

    def action_move(self, across: int, down: int) -> None:
        x, y = self._cursor or MIDDLE
        self._cursor = Point(
            min(max(x + across, 0.5), SIDE - 0.5), min(max(y + down, 0.5), SIDE - 0.5)
        )
        if self._pen_is_down:
            self.drawing.extend(self._cursor)
        self._tell()

    # The mouse

    def on_mouse_down(self, event: events.MouseDown) -> None:
        if event.button != 1:
            return
        event.stop()
        if event.get_content_offset(self) is None:  # the end of the stroke before was not seen
            self.lift()
            return
        self.focus()
        self.lift()
        self._cursor = None
        self._mouse_is_down = True
        self.capture_mouse()
        self._begin(self._point_of(event))
        self._tell()

    def on_mouse_move(self, event: events.MouseMove) -> None:
        if not self._mouse_is_down:
            return
        event.stop()
        if event.button:
            self.drawing.extend(self._point_of(event))
        else:  # it was released where nobody saw it
            self.lift()
        self._tell()

    def on_mouse_up(self, event: events.MouseUp) -> None:
        if self._mouse_is_down:
            event.stop()
            self.lift()

    def _point_of(self, event: events.MouseEvent) -> Point:
        """The middle of the cell that the mouse points at."""
        width, height = self.size
        left, top = self.gutter.left, self.gutter.top
        across = (event.x - left + 0.5) * SIDE / max(width, 1)
        return Point(across, (event.y - top + 0.5) * SIDE / max(height, 1))

    def on_blur(self) -> None:
        self.lift()
        self._tell()

    def on_hide(self) -> None:
        self._had_focus = self.has_focus  # Textual takes it away

    def on_show(self) -> None:
        if self._had_focus:
            self.focus()

    def on_focus(self) -> None:
        self._tell()
