"""What Textual 8.2.8 gets wrong for this program, put right in one place.

Textual's own widgets are concerned too, which no subclass here could reach: so its methods are
replaced, when this module is imported. See `tests/tui/test_errors.py`.

- `OptionList._move_page` raises KeyError, or IndexError, in a list that has options but has not
  been laid out: page up or page down in one write with the key that opens the list (ctrl+p), or in
  a terminal of one row. Not reported to Textual as far as is known (kagan-legacy issue 31 is the
  same in an app's issues).
- `OptionList._on_click` raises IndexError for an option that went after it was drawn, as when the
  palette finds less for another letter: a click in one write with the letter. Not reported either.
- `CommandPalette._on_click` raises NoWidget where there is nothing under the mouse: the terminal
  became smaller in one write with the click, or the palette has not been laid out. Not reported.
- `Screen._forward_event` raises AttributeError for a mouse button that is pressed where a widget
  was drawn that is gone by now: it looks for what holds it, to select text. Not reported.
- `Screen._on_resize` lays out the screen, and those below it, in the size of the event, though
  another may be in force by now. A screen whose layout changes sends the size to itself again: two
  sizes that cross each other never come to rest, and nothing else gets its turn. Not reported.
- `Timer._run` skips a tick that is late. A timer that ticks once, late on a busy machine, then does
  so never: a new size of the terminal waits for such a timer, and so does every later one. And a
  delay below 0, of a toast that expires while it is being made, has it skip for ever, and nothing
  else in the interface gets its turn. Not reported.
- `StylesCache.get_inner_outer` is cached by its instance too (it lacks `classmethod`): the last
  1,024 widgets, those of closed dialogs among them, stay in memory with all that they showed.
- `Segment._split_cells` (of Rich) and `Strip.render_ansi` remember 16,384 results each, and some
  sixty functions 1,024 or 4,096. Each list remembers 2,048 options as they were drawn, and each
  widget how it and those in it were laid out at 16 sizes. What is drawn differs from epoch to
  epoch, so that all these grow for hours, by tens of MiB: `forget_what_was_drawn`.
- `ToastRack.show` removes a toast that is told no more, but not the widget that holds it: there is
  one more for each notice that a key took away. Not reported to Textual as far as is known.
- An exception in a handler ends the message loop of its widget, which is deaf from then on, and by
  design the app too. Here the app is told (`_handle_exception`, see resilient_app.py), and the
  widget goes on with its next message.
- An exception in a callback (`call_next`, `call_after_refresh`) drops the callbacks behind it.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import _lru_cache_wrapper, cache, lru_cache, partial
from typing import Any, Literal

from textual import events
from textual._callback import invoke
from textual._styles_cache import StylesCache
from textual.color import Color
from textual.command import CommandPalette
from textual.dom import DOMNode
from textual.errors import NoWidget
from textual.geometry import Offset
from textual.message import Message
from textual.message_pump import MessagePump
from textual.notifications import Notifications
from textual.screen import Screen
from textual.style import Style
from textual.timer import Timer
from textual.widget import Widget
from textual.widgets import OptionList
from textual.widgets._toast import ToastHolder, ToastRack

_move_page = OptionList._move_page
_on_click = OptionList._on_click
_on_palette_click = CommandPalette._on_click
_on_resize = Screen._on_resize
_get_widget_and_offset_at = Screen.get_widget_and_offset_at
_dispatch_message = MessagePump._dispatch_message
_run = Timer._run
_show_toasts = ToastRack.show


def _move_page_if_laid_out(self: OptionList, direction: Literal[-1, 1]) -> None:
    if (self.highlighted or 0) in self._index_to_line:
        _move_page(self, direction)


async def _on_click_if_there(self: OptionList, event: events.Click) -> None:
    if event.style.meta.get("option", 0) < self.option_count:
        await _on_click(self, event)


def _on_palette_click_if_there(self: CommandPalette, event: events.Click) -> None:
    with suppress(NoWidget):
        _on_palette_click(self, event)


def _get_attached_widget_and_offset_at(
    self: Screen[Any], x: int, y: int
) -> tuple[Widget | None, Offset | None]:
    widget, offset = _get_widget_and_offset_at(self, x, y)
    return (widget, offset) if widget is None or widget.is_attached else (None, None)


async def _on_resize_in_force(self: Screen[Any], event: events.Resize) -> None:
    event.stop()
    if event.size == self.app.size:
        await _on_resize(self, event)


def _show_toasts_only(self: ToastRack, notifications: Notifications) -> None:
    _show_toasts(self, notifications)
    told = {self._toast_id(each) for each in notifications}
    for holder in self.query(ToastHolder):
        if holder.id not in told:
            holder.remove()


async def _run_all_ticks(self: Timer) -> None:
    if self._repeat == 0:  # it ticks once
        self._skip = False
    await _run(self)


async def _dispatch_and_go_on(self: MessagePump, message: Message) -> None:
    try:
        await _dispatch_message(self, message)
    except Exception as error:
        self.app._handle_exception(error)


async def _invoke_and_go_on(pump: MessagePump, callback: Callable[[], Any]) -> None:
    try:
        await invoke(callback)
    except Exception as error:
        pump.app._handle_exception(error)


async def _flush_next_callbacks(self: MessagePump) -> None:
    callbacks = self._next_callbacks.copy()
    self._next_callbacks.clear()
    for callback in callbacks:
        with self.prevent(*callback._prevent):
            await _invoke_and_go_on(self, callback.callback)


async def _invoke_and_clear_callbacks(self: Screen[Any]) -> None:
    callbacks = self._callbacks.copy()
    self._callbacks.clear()
    for callback, pump in callbacks:
        with pump._context():
            await _invoke_and_go_on(self, callback)


_get_inner_outer = lru_cache(1_024)(partial(StylesCache.get_inner_outer.__wrapped__, StylesCache))


def _get_inner_outer_of_none(_: StylesCache, base: Color, background: Color) -> tuple[Style, Style]:
    return _get_inner_outer(base, background)


def _replace(owner: type, method: str, replacement: Callable[..., Any]) -> None:
    assert hasattr(owner, method), f"another Textual: no {owner.__name__}.{method}"
    setattr(owner, method, replacement)


_replace(OptionList, "_move_page", _move_page_if_laid_out)
_replace(OptionList, "_on_click", _on_click_if_there)
_replace(CommandPalette, "_on_click", _on_palette_click_if_there)
_replace(Screen, "get_widget_and_offset_at", _get_attached_widget_and_offset_at)
_replace(Screen, "_on_resize", _on_resize_in_force)
_replace(ToastRack, "show", _show_toasts_only)
_replace(Timer, "_run", _run_all_ticks)
_replace(StylesCache, "get_inner_outer", _get_inner_outer_of_none)
_replace(MessagePump, "_dispatch_message", _dispatch_and_go_on)
_replace(MessagePump, "_flush_next_callbacks", _flush_next_callbacks)
_replace(Screen, "_invoke_and_clear_callbacks", _invoke_and_clear_callbacks)


@cache
def _caches_of(name: str) -> list[Any]:
    """The functions of a module that remember a limited number of results, of its classes too."""
    own = [
        each for each in vars(sys.modules[name]).values() if getattr(each, "__module__", "") == name
    ]
    classes = [each for each in own if isinstance(each, type)]
    values = [*own, *(value for each in classes for value in vars(each).values())]
    functions = [getattr(each, "__func__", getattr(each, "fget", each)) for each in values]
    return [
        each
        for each in functions
        if isinstance(each, _lru_cache_wrapper) and each.cache_info().maxsize
    ]


def forget_what_was_drawn(nodes: Iterable[DOMNode]) -> None:
    """Empty the caches of what was drawn, of which hardly anything will be drawn once more.

    Args:
        nodes: the widgets of the app, on screen or not.
    """
    for node in nodes:
        if isinstance(node, Widget):
            node._box_model_cache.clear()
            node._clear_arrangement_cache()
            node._styles_cache.clear()
        if isinstance(node, OptionList):
            node._option_render_cache.clear()
    for name in [*sys.modules]:
        if name.partition(".")[0] in ("textual", "rich"):
            for function in _caches_of(name):
                function.cache_clear()
