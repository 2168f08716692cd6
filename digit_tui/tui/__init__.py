"""The terminal front end, built on Textual.

A training thread publishes events (session/runner.py). The app fetches them at most a few times a
second and gives them to the model (state/run_model.py); then the view on screen draws the model
(screens/, widgets/). See screens/view.py for why views are drawn by hand and not by reactive
attributes.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from digit_tui.session.allocator import keep_memory_together
from digit_tui.session.exit_status import ExitStatus
from digit_tui.session.exit_watchdog import SAVE_SECONDS
from digit_tui.session.notify_choice import Notify
from digit_tui.session.output import discard_output, print_error
from digit_tui.storage.run_index import last_interrupted
from digit_tui.storage.toml_file import TomlError
from digit_tui.training.run_request import RunRequest
from digit_tui.tui.draw_rate import DrawRate

if TYPE_CHECKING:
    from digit_tui.tui.job_control import JobControlApp
    from digit_tui.tui.keymap import Keymap
    from digit_tui.tui.terminal.stdio_capture import StdioCapture

SWITCH_SECONDS = 0.0005
"""Longest time that one thread keeps the interpreter while another waits for it."""


def run_tui(
    request: RunRequest,
    asked: Mapping[str, object] | None = None,
    fps: float | None = None,
    tips: bool = True,
    theme: str | None = None,
    keys: Path | None = None,
    notify: Notify | None = None,
) -> int:
    """Train a run on the screen; returns the exit status.

    Args:
        request: which run.
        asked: the options that were given. If the last run has them and was interrupted, ask
            whether to resume it instead; None does not ask.
        fps: how often charts are drawn in a second, whatever that costs; None for the default.
        tips: say at the first start what is seen and which keys to try.
        theme: one of the program's own, see `RunApp.begin_theme`; None for the last one chosen.
        keys: the user's keys.toml, which need not be there; None leaves all keys as they are.
        notify: how to tell that a run has ended; None does not.
    """
    from digit_tui.tui.app import DigitApp
    from digit_tui.tui.first_start import is_first_start
    from digit_tui.tui.terminal.stdio_capture import StdioCapture

    keymap = read_keymap(keys)
    if keymap is None:
        return ExitStatus.USAGE
    stdio = StdioCapture()
    stdio.divert()  # before the app is made: its driver draws on what is `sys.stderr` then
    offered = None if asked is None else last_interrupted(asked)
    tips = tips and offered is None and is_first_start()
    app = DigitApp(request, offered, DrawRate.of(fps), stdio, tips, notify)
    try:
        return run_app_of(app, theme, keymap)
    finally:
        stdio.restore()


def run_replay(
    request: RunRequest,
    fps: float | None = None,
    theme: str | None = None,
    keys: Path | None = None,
) -> int:
    """Replay a saved run on the screen; returns the exit status.

    Args:
        request: the run to repeat.
        fps: how often charts are drawn in a second, whatever that costs; None for the default.
        theme: as above.
        keys: as above.
    """
    from digit_tui.tui.replay import ReplayApp
    from digit_tui.tui.terminal.stdio_capture import StdioCapture

    keymap = read_keymap(keys)
    if keymap is None:
        return ExitStatus.USAGE
    stdio = StdioCapture()
    stdio.divert()  # as above
    try:
        return run_app_of(ReplayApp(request, DrawRate.of(fps), stdio), theme, keymap)
    finally:
        stdio.restore()


def run_draw(
    request: RunRequest,
    fps: float | None = None,
    theme: str | None = None,
    keys: Path | None = None,
) -> int:
    """Show a saved run, to draw digits for its network; returns the exit status.

    Args:
        request: the run, as one to be repeated; it is only read.
        fps: how often charts are drawn in a second, whatever that costs; None for the default.
        theme: as above.
        keys: as above.

    Raises:
        RunError: if it has no checkpoint that can be read.
    """
    assert request.replay is not None
    checkpoint = request.replay.checkpoint()

    from threadpoolctl import threadpool_limits

    from digit_tui.tui.saved import SavedApp
    from digit_tui.tui.terminal.stdio_capture import StdioCapture

    keymap = read_keymap(keys)
    if keymap is None:
        return ExitStatus.USAGE
    stdio = StdioCapture()
    stdio.divert()  # as above
    try:
        with threadpool_limits(limits=request.config.threads, user_api="blas"):
            return run_app_of(SavedApp(request, checkpoint, DrawRate.of(fps), stdio), theme, keymap)
    finally:
        stdio.restore()


def show_saved(
    path: Path,
    best: bool,
    fps: float | None,
    stdio: StdioCapture,
    theme: str | None,
    keymap: Keymap,
) -> tuple[int, str]:
    """Show a saved run between two looks at another screen.

    Args:
        path: its folder, which is only read.
        best: show the checkpoint with the best accuracy instead of the last.
        fps: how often charts are drawn in a second, whatever that costs; None for the default.
        stdio: what else this process writes to stdout and stderr.
        theme: as above.
        keymap: the user's keys.

    Returns:
        The exit status, and why it could not be shown, or "".
    """
    from dataclasses import replace

    from threadpoolctl import threadpool_limits

    from digit_tui.session.failures import EXPECTED, failure_of
    from digit_tui.training.run_request import replay_request
    from digit_tui.tui.saved import SavedApp

    try:
        request = replace(replay_request(path), processes=1)
        assert request.replay is not None
        checkpoint = request.replay.checkpoint(best)
        app = SavedApp(request, checkpoint, DrawRate.of(fps), stdio, "mistakes")
    except EXPECTED as error:
        return 0, failure_of(error, path, "read").message
    with threadpool_limits(limits=request.config.threads, user_api="blas"):
        status = run_app_of(app, theme, keymap)
    return status, ""


def read_keymap(path: Path | None) -> Keymap | None:
    """The user's keys; None if the file cannot be used, which is told."""
    from digit_tui.tui.keymap import Keymap

    if path is None or not path.exists():
        return Keymap()
    from digit_tui.tui.keys_file import read_keys

    try:
        return read_keys(path)
    except TomlError as error:
        print_error(str(error))
        return None


def run_app_of(app: JobControlApp, theme: str | None, keymap: Keymap) -> int:
    """Run an app until it is left; returns the exit status.

    Args:
        app: of this package.
        theme: as above.
        keymap: the user's keys.
    """
    from digit_tui.tui.terminal.watchdog import Watchdog

    app.begin_theme(theme)
    keep_memory_together()
    if keymap.changed:
        app.use_keys(keymap)
    # The training thread asks for the interpreter after each call of NumPy. With Python's usual
    # 5 ms it would wait that long for the interface, and the worker processes with it.
    sys.setswitchinterval(SWITCH_SECONDS)
    gc.freeze()  # what was imported stays: most of all objects, in which garbage is looked for
    with Watchdog(interrupt=app.interrupt, wait_saved=app.wait_saved):
        app.run()
    app.stop_run()  # an interface that crashed has left it running
    app.wait_saved(SAVE_SECONDS)
    if app.farewell:
        try:
            print(app.farewell, file=sys.stderr, flush=True)
        except OSError:  # the terminal is gone
            discard_output(sys.stderr)
    if app.ended_by is not None:
        return ExitStatus.SIGNALLED + app.ended_by
    # An app that crashed in its input thread leaves no return code: that is no success.
    return 1 if app.return_code is None else app.return_code
