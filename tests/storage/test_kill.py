"""Runs that are killed at random moments (SIGKILL) and gone on with, again and again.

`pytest -m long tests/storage/test_kill.py` kills nine times as often.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from digit_tui.storage.run_files import BEST, CHECKPOINT, JOURNAL, METRICS, PREVIOUS, RECORD
from digit_tui.storage.saved_run import SavedRun
from digit_tui.storage.start_point import StartPoint

pytestmark = [
    pytest.mark.skipif(sys.platform == "win32", reason="Windows has neither fork nor SIGKILL"),
]

Live = Callable[..., dict[str, Any]]


@pytest.fixture(scope="module")
def live() -> Iterator[Live]:
    """Has a child of kill_target.py live in a folder, until it ends or is killed."""
    program = subprocess.Popen(
        [sys.executable, str(Path(__file__).with_name("kill_target.py"))],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        encoding="utf-8",
        env=os.environ | {"OPENBLAS_NUM_THREADS": "1"},
    )
    with program:
        assert program.stdin is not None
        assert program.stdout is not None

        def order(
            folder: Path, interactive: bool, seconds: float = 60.0, call: int | None = None
        ) -> dict[str, Any]:
            words = {
                "folder": str(folder),
                "interactive": interactive,
                "seconds": seconds,
                "call": call,
            }
            print(json.dumps(words), file=program.stdin, flush=True)
            answer: dict[str, Any] = json.loads(program.stdout.readline())
            failures = [what for word, *what in answer["said"] if word == "failed"]
            assert not failures, failures[0][0]
            return answer

        yield order


@pytest.fixture(scope="module")
def expected(live: Live, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """How the run ends that nobody kills, whether somebody stays with it or not."""
    ends = [
        live(tmp_path_factory.mktemp("whole") / "run", interactive)["said"][-1]
        for interactive in (False, True)
    ]
    assert ends[0] == ends[1]
    word, reason, steps, _ = ends[0]
    assert (word, reason, steps) == ("ended", "finished", 15 * 8)
    return ends[0]


def clock(moments: random.Random) -> dict[str, Any]:
    """Death after a time: often in the middle of a beginning, or after some saves."""
    return {"seconds": moments.uniform(0, moments.choice([0.02, 0.06, 0.2]))}


def file_call(moments: random.Random) -> dict[str, Any]:
    """Death in a call that changes a file, where a run spends little of its time."""
    return {"call": moments.randint(1, moments.choice([8, 25, 80]))}


@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    ("death", "seed", "kills"),
    [
        (file_call, 18, 20),
        *(pytest.param(death, 19, 60, marks=pytest.mark.long) for death in (clock, file_call)),
        *(pytest.param(death, 20, 900, marks=pytest.mark.soak) for death in (clock, file_call)),
    ],
)
def test_a_run_that_is_killed_goes_on_as_if_it_had_not_been(
    death: Callable[[random.Random], dict[str, Any]],
    seed: int,
    kills: int,
    live: Live,
    expected: Any,
    tmp_path: Path,
) -> None:
    moments = random.Random(seed)
    for number in count():
        if kills <= 0:
            return
        folder = tmp_path / str(number)
        acknowledged = 0  # the step of the last save that nothing has undone
        for life in count():
            last = kills <= 0
            how = {} if last else death(moments)
            answer = live(folder, interactive=moments.random() < 0.5, **how)
            for word, *what in answer["said"]:
                if word in ("saved", "going back"):
                    acknowledged = what[0] if word == "saved" else 0
            where = f"run {number}, life {life}: {how}"
            if not answer["killed"]:
                assert answer["said"][-1] == expected, where
                break
            kills -= 1
            if not (folder / RECORD).exists():
                assert not acknowledged, where
                continue  # the next life begins in the same folder
            saved = SavedRun.read(folder)
            # Finished, if only the lock was left to be removed.
            assert saved.state() in ("interrupted", "finished"), where
            start_point = StartPoint.for_resume(saved)
            assert not saved.complaints, where
            reached = 0 if start_point.state is None else start_point.state.step
            assert reached >= acknowledged, where
        assert SavedRun.read(folder).state() == "finished"


@pytest.mark.long
def test_a_resume_cleans_up_after_a_kill(live: Live, expected: Any, tmp_path: Path) -> None:
    """Whichever file was being written."""
    missing = {f".{name}" for name in (METRICS, CHECKPOINT, BEST)}
    for call in range(1, 200):
        folder = tmp_path / str(call)
        assert live(folder, interactive=False, call=call)["killed"]
        found = {path.name.rpartition(".")[0] for path in folder.glob(".*")} & missing
        if found:
            assert live(folder, interactive=True)["said"][-1] == expected
            files = {path.name for path in folder.iterdir()}
            assert files == {RECORD, JOURNAL, METRICS, CHECKPOINT, PREVIOUS, BEST}
        missing -= found
        if not missing:
            return
    raise AssertionError(f"no call leaves {missing}")


@pytest.mark.long
def test_a_folder_whose_run_never_began_can_be_used(
    live: Live, expected: Any, tmp_path: Path
) -> None:
    for call in range(1, 20):
        folder = tmp_path / str(call)
        assert live(folder, interactive=False, call=call)["killed"]
        if (folder / RECORD).exists():
            assert call > 3
            return
        assert live(folder, interactive=False)["said"][-1] == expected
        assert SavedRun.read(folder).state() == "finished"
    raise AssertionError("no run began")
