"""Signals, from a person's keys or from elsewhere, at any moment: they save and leave.

`pytest -m long tests/end_to_end/test_signals.py` tries each signal at each moment; `-m soak` ten
times in all. Times are bounds that a person may rely on, not measurements.
"""

from __future__ import annotations

import os
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event, Thread
from time import monotonic
from typing import Any

import pytest
from support.interrupted import HOLD_SECONDS, LEAVE_SECONDS, assert_saved, end, marks, signals, slow
from support.rarely import endurance
from support.terminal import pause, step

from digit_tui.storage.saved_run import SavedRun

pytestmark = [
    pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pseudo-terminals"),
    pytest.mark.timeout(60),
]

Start = Callable[..., Any]

TIMES = [0, *endurance(*range(1, 10))]


@pytest.mark.parametrize("time", TIMES)
class TestASignalSavesAndRestores:
    @signals("SIGTERM")
    def test_while_training(self, training: Start, name: str, time: int) -> None:
        program, folder = training()
        seen = step(program)
        end(program, name)
        assert assert_saved(folder) >= seen

    @pytest.mark.long
    @signals("SIGHUP")
    def test_while_paused(self, training: Start, name: str, time: int) -> None:
        program, folder = training()
        at = pause(program)
        end(program, name)
        assert_saved(folder, at)

    @pytest.mark.long
    @signals("SIGINT")
    def test_while_saving(self, training: Start, tmp_path: Path, name: str, time: int) -> None:
        program, folder = training(**slow("saving", tmp_path / "mark"))
        at = pause(program)
        before = marks(tmp_path / "mark")
        program.send("s")
        program.until(lambda: marks(tmp_path / "mark") > before)
        end(program, name)
        assert_saved(folder, at)

    @pytest.mark.long
    @signals("SIGTERM")
    def test_while_evaluating(self, training: Start, tmp_path: Path, name: str, time: int) -> None:
        program, folder = training(**slow("evaluating", tmp_path / "mark"))
        before = marks(tmp_path / "mark")
        program.until(lambda: marks(tmp_path / "mark") > before)
        end(program, name)
        assert_saved(folder)

    @pytest.mark.long
    @signals("SIGTERM")
    @pytest.mark.parametrize("server", ["silent", "dripping"])
    def test_while_downloading(
        self, terminal: Start, mirror: Start, tmp_path: Path, name: str, time: int, server: str
    ) -> None:
        program = terminal(
            "data", "fetch", "--mirror", mirror(server), XDG_CACHE_HOME=str(tmp_path)
        )
        cache = tmp_path / "digit-tui"
        program.until(lambda: list(cache.rglob("*.part")))
        number = getattr(signal, name)
        started = monotonic()
        program.process.send_signal(number)
        assert program.status() == 128 + number
        assert monotonic() - started <= LEAVE_SECONDS
        assert "digit-tui: interrupted" in program.text
        assert program.attributes() == program.attributes_before
        assert not program.cursor_hidden
        assert [path for path in cache.rglob("*") if path.is_file()] == []


@pytest.fixture
def mirror() -> Iterator[Callable[[str], str]]:
    """Starts a server that begins to answer and never ends; its address."""
    over = Event()
    sockets: list[socket.socket] = []

    def serve(listener: socket.socket, kind: str) -> None:
        while not over.is_set():
            try:
                client, _ = listener.accept()
            except OSError:
                return
            sockets.append(client)
            client.recv(65_536)
            client.sendall(b"HTTP/1.0 200 OK\r\nContent-Length: 9912422\r\n\r\n\x1f\x8b\x08")
            while kind == "dripping" and not over.wait(0.02):
                try:
                    client.sendall(b"\0")
                except OSError:
                    break

    def start(kind: str) -> str:
        listener = socket.create_server(("127.0.0.1", 0))
        sockets.append(listener)
        Thread(target=serve, args=(listener, kind), daemon=True).start()
        return f"http://127.0.0.1:{listener.getsockname()[1]}/"

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("no_proxy", "127.0.0.1")
        yield start
    over.set()
    for each in sockets:
        each.close()


def test_a_download_does_not_wait_for_a_name(terminal: Start, tmp_path: Path) -> None:
    program = terminal(
        *("data", "fetch", "--mirror", "http://digits.invalid/"),
        **slow("resolving", tmp_path / "mark"),
        XDG_CACHE_HOME=str(tmp_path),
        no_proxy="*",
    )
    program.until(lambda: marks(tmp_path / "mark"))
    started = monotonic()
    program.process.send_signal(signal.SIGINT)
    assert program.status() == 128 + signal.SIGINT
    assert monotonic() - started <= LEAVE_SECONDS
    assert not program.cursor_hidden


@pytest.mark.long
def test_a_second_signal_ends_a_download_at_once(
    terminal: Start, mirror: Start, tmp_path: Path
) -> None:
    program = terminal("data", "fetch", "--mirror", mirror("silent"), XDG_CACHE_HOME=str(tmp_path))
    program.until(lambda: list(tmp_path.rglob("*.part")))
    program.process.send_signal(signal.SIGTERM)
    program.process.send_signal(signal.SIGTERM)
    assert program.status() in (-signal.SIGTERM, 128 + signal.SIGTERM)


class TestBeforeAndBesideARun:
    @pytest.mark.long
    def test_while_the_digits_are_read(self, terminal: Start, tmp_path: Path) -> None:
        options = ("--run", str(tmp_path / "run"))
        program = terminal(*options, **slow("loading", tmp_path / "mark", "0.5"))
        program.until(lambda: marks(tmp_path / "mark"))
        end(program, "SIGTERM", HOLD_SECONDS)
        assert not (tmp_path / "run").exists() or not os.listdir(tmp_path / "run")

    @pytest.mark.long
    @signals("SIGHUP")
    def test_of_a_run_that_goes_on(self, training: Start, terminal: Start, name: str) -> None:
        program, folder = training()
        end(program, name)
        before = assert_saved(folder)
        program = terminal("--resume", str(folder))
        program.until(lambda: "step" in program.text and step(program) > before)
        end(program, name)
        assert assert_saved(folder) > before

    @pytest.mark.long
    @signals("SIGINT")
    def test_of_a_replay(self, training: Start, terminal: Start, name: str) -> None:
        program, folder = training()
        end(program, "SIGTERM")
        before = {path.name: path.read_bytes() for path in folder.iterdir()}
        program = terminal("replay", str(folder))
        program.until("↻|■")
        end(program, name)
        assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


@pytest.mark.long
def test_a_save_that_hangs_cannot_hold_the_program(training: Start, tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    program, folder = training(**slow("saving", mark, "1.5"))
    pause(program)
    program.send("s")
    program.until("saved step")
    first = SavedRun.read(folder).checkpoint().state.step
    # Saving now takes longer than anybody waits: ten times, one after the other.
    before = marks(mark)
    program.send("s" * 10)
    program.until(lambda: marks(mark) > before)
    end(program, "SIGTERM", HOLD_SECONDS)
    assert SavedRun.read(folder).checkpoint().state.step == first


@pytest.mark.long
def test_after_a_hangup_the_next_start_offers_to_go_on(terminal: Start, tmp_path: Path) -> None:
    settings = {
        "XDG_STATE_HOME": str(tmp_path),
        "DIGIT_TUI_PRESET": "classic",
        "DIGIT_TUI_HIDDEN": "16",
        "DIGIT_TUI_EPOCHS": "100000",
        "DIGIT_TUI_THREADS": "1",
        "DIGIT_TUI_DATA": "sample",
    }
    program = terminal(**settings)
    program.until(r"best \d\d\.\d\d% at epoch [1-9]")
    program.hang_up()  # the laptop is closed
    program.process.wait(HOLD_SECONDS)
    (folder,) = tmp_path.rglob("run.json")
    before = assert_saved(folder.parent)

    program = terminal(**settings)
    program.until("The last run has not finished")
    program.until(r"sample, classic, hidden layers 16")
    program.until(r"epoch [\d.]+ of 100000, test \d\d\.\d\d%")
    end(program, "SIGTERM")  # nothing has begun
    assert_saved(folder.parent, before)

    program = terminal(**settings)
    program.until("The last run has not finished")
    program.send("\r")
    program.until(lambda: "step" in program.text and step(program) > before)
    program.send("q")
    assert program.status() == 0
    assert list(tmp_path.rglob("run.json")) == [folder]
