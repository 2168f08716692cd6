"""`digit-tui sweep`, called in this process; its workers are processes."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.cli import run
from support.rarely import rarely

from digit_tui.cli.sweep import begin
from digit_tui.storage.run_index import find_run
from digit_tui.storage.saved_run import SavedRun
from digit_tui.sweep import crew as crews
from digit_tui.sweep import running
from digit_tui.sweep.study import Sweep
from digit_tui.sweep.worker import Worker

SMALL = ["--data", "sample", "--preset", "classic", "--epochs", "1", "--batch-size", "400"]
TRIED = ["--try", "lr=1e-3..1e-1:log", "--try", "hidden=2..6"]


class HereCrew:
    """A worker in this process in the place of processes."""

    def __init__(self, place: Any, processes: int, patience_seconds: float) -> None:
        self.place = place
        self.statuses: list[int] = []
        self._events: Iterator[dict[str, Any]] = iter(())
        self.silent = False

    def add(self) -> None:
        told: list[dict[str, Any]] = []
        sweep = Sweep.open(self.place)
        Worker(sweep, told.append, name="here:1").work()
        sweep.close()
        self._events = iter(told)

    def next_event(self, seconds: float) -> dict[str, Any] | None:
        event = next(self._events, None)
        self.silent = event is None
        return event

    def kill(self) -> None:
        pass

    end = remove = kill


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("digit_tui.cli.sweep.run.Crew", HereCrew)


def events_of(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def test_a_sweep_tells_its_events_and_its_best(here: None, tmp_path: Path) -> None:
    sweep = ["sweep", "s", "--storage", str(tmp_path), "--workers", "1"]
    ended = run(*sweep, *SMALL, *TRIED, "--trials", "3", "--pruner", "none", "--json")
    assert ended.exit_code == 0, ended.stderr
    events = events_of(ended.stdout)
    kinds = [event["event"] for event in events]
    assert (kinds[0], kinds[-1]) == ("sweep_started", "sweep_ended")
    assert kinds.count("trial_started") == kinds.count("trial_ended") == 3
    best = events[-1]["best"]
    assert len(best) == 3
    accuracies = [each["validation_accuracy"] for each in best]
    assert accuracies == sorted(accuracies, reverse=True)
    for each in best:
        assert each["test_interval"][0] <= each["test_accuracy"] <= each["test_interval"][1]
        assert SavedRun.read(Path(each["runs"][0])).config.validation == 1000
    assert "3/3  trial 2" in ended.stderr

    again = run("sweep", "join", str(tmp_path / "s"), "--target", "0.999")
    assert again.exit_code == 5
    assert "is below 0.999" in again.stderr
    assert f"1. trial {best[0]['trial']}:" in again.stdout

    shown = run("sweep", "show", "s", "--storage", str(tmp_path))
    assert len([line for line in shown.stdout.splitlines() if " complete " in line]) == 3
    assert best[0]["command"] in shown.stdout
    (values,) = events_of(run("sweep", "show", str(tmp_path / "s"), "--json").stdout)
    assert [trial["state"] for trial in values["trials"]] == ["complete"] * 3
    assert values["best"] == best
    table = list(
        csv.DictReader(io.StringIO(run("sweep", "show", str(tmp_path / "s"), "--csv").stdout))
    )
    assert [row["trial"] for row in table] == ["0", "1", "2"]
    assert float(table[best[0]["trial"]]["accuracy"]) == accuracies[0]


def test_a_file_says_what_the_options_say(here: None, tmp_path: Path) -> None:
    file = tmp_path / "space.toml"
    file.write_text(
        '[space]\nlr = "1e-3..1e-1:log"\nhidden = [2, 4]\n[run]\ndata = "sample"\nepochs = 1\n'
        'batch-size = 400\npreset = "classic"\n[sweep]\nsampler = "grid"\n'
    )
    sweep = ["sweep", "s", "--storage", str(tmp_path), "--file", str(file)]
    ended = run(*sweep)
    assert ended.exit_code == 2
    assert "lr: a grid needs a list of values" in ended.stderr
    ended = run(*sweep, "--try", "lr=0.01", "--workers", "1")
    assert ended.exit_code == 0, ended.stderr
    assert "2 trials: 2 complete" in ended.stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "nothing to try"),
        (["--try", "optimiser=sgd"], "--try 'optimiser' is no option that can be tried"),
        (["--try", "lr=-1,1"], "lr: -1.0 is not a positive number"),
        (["--try", "lr=1,2", "--lr", "3"], "--lr and --try lr: give one of them"),
        (["--try", "lr=1,2", "--validation", "0"], "--validation 0"),
        (["--try", "lr=1,2", "--trials", "0"], "trials: 0 is not a whole number"),
        (["--try", "lr=1,2", "--minutes", "nan"], "minutes: nan is no time"),
        (["--try", "lr=1,2", "--epochs", "-1"], "--epochs: -1"),
        (["--file", "nowhere.toml"], "cannot read nowhere.toml"),
        (["a b", "--try", "lr=1,2"], "cannot be the name of a study"),
        (["--try", "lr=1,2", "--storage", "mysql://x"], "give sqlite:///FILE"),
        (["unheard-of"], "there is no study unheard-of"),
    ],
)
def test_what_cannot_be_is_said_in_a_line(
    arguments: list[str], words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    ended = run("sweep", "--data", "sample", *arguments)
    assert ended.exit_code in (2, 3)
    assert words in ended.stderr
    assert not (tmp_path / "s").exists()


def test_help_names_the_other_commands() -> None:
    ended = run("sweep", "--help")
    assert "digit-tui sweep join STUDY" in ended.stdout
    assert ended.stdout.index("sweep list") < ended.stdout.index("--try")
    assert "A sixth" not in ended.stdout
    assert "Usage: digit-tui sweep [OPTIONS] [STUDY]" in ended.stdout
    assert "Usage: digit-tui sweep join [OPTIONS] STUDY|URL" in run("sweep", "join", "-h").stdout


def test_the_modules_that_are_replaced_are_those_of_the_program() -> None:
    assert crews.Crew is running.Crew
    assert begin.available_processors() >= 1


@pytest.mark.parametrize("workers", [*rarely(2)])
def test_workers_are_processes(workers: int, tmp_path: Path) -> None:
    sweep = ["sweep", "s", "--storage", f"sqlite:///{tmp_path}/db", "--runs", str(tmp_path / "r")]
    ended = run(*sweep, *SMALL, *TRIED, "--trials", "4", "--workers", str(workers), "--json")
    assert ended.exit_code == 0, ended.stderr
    events = events_of(ended.stdout)
    assert events[-1]["reason"] == "trials"
    assert len({event["worker"] for event in events if event["event"] == "trial_ended"}) == workers


@pytest.mark.parametrize("storage", [None, *rarely("sqlite:///studies.db")])
def test_a_study_is_removed_with_its_runs(
    here: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, storage: str | None
) -> None:
    monkeypatch.chdir(tmp_path)
    where = ["--storage", storage] if storage else []
    begun = run("sweep", "gone", *SMALL, *TRIED, "--trials", "1", "--batch", *where)
    assert begun.exit_code == 0, begun.stderr
    folder = SavedRun.read(find_run("gone/0")).path.parent
    (folder / "mine.txt").write_text("mine")
    assert run("sweep", "rm", "gone").exit_code == 2  # it cannot ask
    removed = run("sweep", "rm", "gone", "--yes")
    assert removed.exit_code == 0, removed.stderr
    assert "with 1 run" in removed.stdout
    assert "keeps what is none of it: mine.txt" in removed.stdout
    assert [each.name for each in folder.iterdir()] == ["mine.txt"]
    assert run("sweep", "show", "gone", *where).exit_code == 3
    (folder / "mine.txt").unlink()
    folder.rmdir()


def test_a_space_with_few_points_says_so(here: None, tmp_path: Path) -> None:
    one = ["sweep", "one", *SMALL, "--storage", str(tmp_path), "--batch", "--try", "lr=0.01"]
    done = run(*one)
    assert "each setting has one value: there is one trial" in done.stderr
    assert "1 trial: 1 complete" in done.stdout
    again = run("sweep", "one", "--storage", str(tmp_path), "--batch")
    assert "1 trial of the study ended before: a larger --trials N" in again.stderr
    fewer = ["sweep", "two", *SMALL, "--storage", str(tmp_path), "--batch", "--trials", "3"]
    done = run(*fewer, "--try", "lr=0.01,0.02")
    assert "there are 2 points for 3 trials: --sampler grid" in done.stderr
    done = run("sweep", "two", "--storage", str(tmp_path), "--batch", "--trials", "2")
    assert (done.exit_code, "the study has 3 already" in done.stderr) == (2, True)
