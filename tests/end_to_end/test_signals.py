"""Signals, from a person's keys or from elsewhere, at any moment.

`pytest -m long tests/end_to_end/test_signals.py` tries each signal at each moment, to ten times in
all, and suspends fifty times. Times are bounds that a person may rely on, not measurements.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event, Thread
from time import monotonic, sleep
from typing import Any

import pytest
from support.rarely import endurance, rarely
from support.terminal import pause, step

from digit_tui.storage.saved_run import SavedRun

TIMES = [0, *endurance(*range(1, 10))]

LEAVE_SECONDS = 2.0
"""A signal ends the program within this time, what it does at the moment included."""
HOLD_SECONDS = 7.0
"""Also where something holds it: five for the save, one for the interface, and one to spare."""
PART_SECONDS = "0.3"
"""How long a part takes that a signal is to meet."""
RESPONSE_SECONDS = 20.0

SLOW = str(Path(__file__).with_name("slow.py"))
TAKE_SCREEN = b"\x1b[?1049h"
NAMES = ("SIGTERM", "SIGHUP", "SIGINT")

pytestmark = [
    pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pseudo-terminals"),
    pytest.mark.timeout(60),
]

Start = Callable[..., Any]


def slow(what: str, mark: Path, seconds: str = PART_SECONDS) -> dict[str, Any]:
    """Settings that start the program with a part slowed down."""
    return {"program": [sys.executable, SLOW, what, seconds, str(mark)]}


def marks(mark: Path) -> int:
    """How often the part began."""
    return mark.stat().st_size if mark.exists() else 0


def end(program: Any, name: str, seconds: float = LEAVE_SECONDS) -> None:
    """Send a signal and see the program go in time, with the right status."""
    number = getattr(signal, name)
    started = monotonic()
    program.process.send_signal(number)
    assert program.status() == 128 + number
    assert monotonic() - started <= seconds
    program.assert_restored()


def assert_saved(folder: Path, at: int | None = None) -> int:
    """The run can be gone on with, and knows that it was interrupted; the step it stands at."""
    saved = SavedRun.read(folder)
    assert saved.state() == "interrupted"
    assert saved.record["state"] == "interrupted"  # it was told, not found out
    saved_at = saved.checkpoint().state.step
    assert not saved.damaged
    assert saved.record["results"]["steps"] == saved_at > 0
    assert at is None or saved_at == at
    assert not [file for file in os.listdir(folder) if file.startswith(".")]
    return saved_at


def signals(short: str) -> pytest.MarkDecorator:
    """All signals, those but the one named in the long variant."""
    others = rarely(*(name for name in NAMES if name != short))
    return pytest.mark.parametrize("name", [short, *others])


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
def test_a_save_that_hangs_can_not_hold_the_program(training: Start, tmp_path: Path) -> None:
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


class TestCtrlC:
    def test_once_pauses_and_twice_leaves(self, training: Start) -> None:
        program, folder = training()
        program.send("\x03")
        program.until(r"ctrl\+c once more saves and")  # for a few seconds
        program.until("⏸ paused")
        program.finish_frame()
        at = step(program)
        program.send("\x03")
        assert program.status() == 0
        program.assert_restored()
        assert SavedRun.read(folder).checkpoint().state.step == at
        assert f"Saved step {at:,} in" in re.sub(r"\s+", " ", program.text)

    @pytest.mark.long
    def test_twice_in_a_row(self, training: Start) -> None:
        program, folder = training()
        program.send("\x03\x03")
        assert program.status() == 0
        program.assert_restored()
        assert SavedRun.read(folder).checkpoint().state.step > 0


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
    program.until(r"epoch [1-9]\d*: test")
    program.hang_up()  # the laptop is closed
    program.process.wait(HOLD_SECONDS)
    (folder,) = tmp_path.rglob("run.json")
    before = assert_saved(folder.parent)

    program = terminal(**settings)
    program.until("The last run was interrupted")
    program.until(r"sample, classic, hidden layers 16")
    program.until(r"epoch \d+ of 100000, test \d\d\.\d\d%")
    end(program, "SIGTERM")  # nothing has begun
    assert_saved(folder.parent, before)

    program = terminal(**settings)
    program.until("The last run was interrupted")
    program.send("\r")
    program.until(lambda: "step" in program.text and step(program) > before)
    program.send("q")
    assert program.status() == 0
    assert list(tmp_path.rglob("run.json")) == [folder]


@pytest.fixture
def shell(terminal: Start, tmp_path: Path) -> Callable[..., tuple[Any, Path]]:
    """Starts the program by a shell with job control; the terminal, and the folder of the run."""
    bash = shutil.which("bash")
    if bash is None:
        pytest.skip("no bash here")

    def start(command: str = '"$@"') -> tuple[Any, Path]:
        folder = tmp_path / "run"
        program = terminal(
            program=[bash, "--norc", "--noprofile", "-i"],
            PS1="READY> ",
            PS2="",
            HISTFILE="/dev/null",
        )
        program.until("^READY>")
        options = "--preset classic --hidden 16 --epochs 100000 --threads 2 --data sample"
        words = f"{sys.executable} -m digit_tui {options} --run {folder}"
        program.send(f"set -- {words}; clear; {command}\r")
        program.until(r"▶ training .* step [1-9]")
        return program, folder

    return start


def child(program: Any) -> int:
    """The process that the shell has started, if it lives."""
    text = Path(f"/proc/{program.process.pid}/task/{program.process.pid}/children").read_text()
    return int(text.split()[0]) if text else 0


def suspend(program: Any) -> None:
    """Press ctrl+z and see the shell with its terminal as it should be."""
    program.send("\x1a")
    program.until(lambda: 1049 not in program.modes)
    program.until(r"\[1\]\+? +Stopped")
    program.until(r"^READY>$")
    assert not program.modes & {1000, 1002, 1003, 1004, 1006, 2048}
    assert not program.cursor_hidden


def whole(program: Any) -> bool:
    """All parts of the training view are there: its first and last lines, and all four charts."""
    rows = program.rows
    return (
        re.match(r" sample · 784-16-10 · ", rows[0]) is not None
        and "q Quit" in program.text
        and rows[2].startswith("─Loss by epoch")
        and all(len(re.findall("[│┤└]", row)) == 2 for row in rows[3:12])
        and "READY>" not in program.text
        and "Stopped" not in program.text
    )


needs_proc = pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="needs /proc")


class TestSuspend:
    @pytest.mark.timeout(300)
    @pytest.mark.parametrize("times", [2, *rarely(10), *endurance(50)])
    def test_it_comes_back_whole(self, shell: Start, times: int) -> None:
        program, folder = shell()
        for number in range(times):
            if number % 2:
                pause(program)
            before = step(program)
            suspend(program)
            program.send("fg\r")
            program.until(lambda: 1049 in program.modes)
            program.until(lambda: whole(program))
            assert {1000, 2004} <= program.modes
            if number % 2:
                assert step(program) == before
                program.send(" ")
            program.until(lambda before=before: step(program) > before)
        program.send("q")
        program.until(r"Saved step")
        program.until(r"^READY>$")
        assert not program.cursor_hidden
        assert 1049 not in program.modes
        assert SavedRun.read(folder).checkpoint().state.step > 0

    @pytest.mark.long
    @needs_proc
    def test_nothing_is_trained_meanwhile(self, shell: Start) -> None:
        program, _ = shell()
        suspend(program)
        used = Path(f"/proc/{child(program)}/stat")
        before = used.read_text().split()[2:15]
        assert before[0] == "T"
        program.send("sleep 1; echo slept\r")
        program.until("^slept")
        assert used.read_text().split()[2:15] == before

    @pytest.mark.long
    def test_the_size_may_change_meanwhile(self, shell: Start) -> None:
        program, _ = shell()
        suspend(program)
        program.resize(120, 40)
        program.send("fg\r")
        program.until(lambda: "q Quit" in program.rows[-1])
        program.until(lambda: max(map(len, program.rows)) == 120)

    @pytest.mark.long
    @needs_proc
    def test_a_stop_from_elsewhere(self, shell: Start) -> None:
        program, _ = shell()
        for number in (signal.SIGTSTP, signal.SIGSTOP):
            before, taken = step(program), program.output.count(TAKE_SCREEN)
            os.kill(child(program), number)
            program.until(r"\[1\]\+? +Stopped")
            program.send("stty sane; fg\r")
            # Before, it throws away what is typed; and it may draw once before.
            program.until(lambda taken=taken: program.output.count(TAKE_SCREEN) > taken)
            program.until(lambda: whole(program))
            program.until(lambda before=before: step(program) > before)
        program.send("q")
        program.until("Saved step")
        program.until("^READY>$")
        assert not program.modes & {1000, 1002, 1003, 1004, 1006, 1049, 2048}
        assert not program.cursor_hidden

    @pytest.mark.long
    def test_bg_does_not_draw_over_the_shell(self, shell: Start) -> None:
        program, _ = shell()
        suspend(program)
        program.send("bg\r")
        program.until(r"&$")
        for number in range(200):  # it goes on to see whose the terminal is, and stops again
            program.send(f"clear; jobs; echo look {number}\r")
            program.until(rf"^look {number}$")
            if "Running" not in program.text:
                break
        assert "Running" not in program.text
        assert 1049 not in program.modes
        program.send("fg\r")
        program.until(lambda: whole(program))

    @pytest.mark.long
    @needs_proc
    @pytest.mark.parametrize("name", ["TERM", *rarely("HUP")])
    def test_who_is_ended_meanwhile_saves(self, shell: Start, name: str) -> None:
        program, folder = shell()
        suspend(program)
        program.send(f"kill -{name} %1\r")
        program.until(lambda: SavedRun.read(folder).record["state"] == "interrupted")
        program.until(lambda: not child(program))
        assert 1049 not in program.modes
        assert_saved(folder)

    @pytest.mark.long
    def test_the_shell_that_ends_takes_it_along(self, shell: Start) -> None:
        program, folder = shell()
        suspend(program)
        started = monotonic()
        program.hang_up()
        program.process.wait(HOLD_SECONDS)
        # The lock goes last, with the process: nobody here is its parent and could wait for it.
        while SavedRun.read(folder).state() == "running":
            assert monotonic() - started < HOLD_SECONDS
            sleep(0.05)
        assert_saved(folder)

    @pytest.mark.long
    def test_a_script_between_stops_too(self, shell: Start) -> None:
        program, _ = shell('sh -c \'"$@"; echo over\' sh "$@"')
        suspend(program)
        program.send("fg\r")
        program.until(lambda: whole(program))
        program.send("q")
        program.until("^over")

    @pytest.mark.long
    def test_without_a_shell_it_says_so(self, training: Start) -> None:
        program, _ = training()
        before = step(program)
        program.send("\x1a")
        program.until("No shell has started this")
        program.until(lambda: step(program) > before)
