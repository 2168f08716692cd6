"""The list of `digit-tui runs`."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from support.command_script import CommandScript
from support.saved_runs import MakeRun, edit, runs, succeed

from digit_tui.cli.runs.listing import beginnings, table
from digit_tui.cli.runs.text import human_size
from digit_tui.data import Dataset
from digit_tui.run.commands import (
    AddEpochs,
    Stop,
)
from digit_tui.storage.lock import Lock
from digit_tui.storage.run_index import find_run
from digit_tui.storage.run_summary import (
    RunSummary,
)
from digit_tui.storage.saved_run import SavedRun
from digit_tui.training.run_request import replay_request, resume_request


def test_the_list_tells_what_became_of_each_run(make_run: MakeRun) -> None:
    paths = {
        "finished": make_run("b"),
        "interrupted": make_run("a", [(11, Stop("interrupted"))], validation=32),
        "diverged": make_run("d", [(5, Stop("diverged"))]),
        "running": make_run("c", [(11, AddEpochs(3)), (12, Stop())], hidden=(9, 7)),
    }
    for day, path in enumerate(paths.values(), 1):
        edit(path, started=f"2026-01-0{day}T12:00:00+00:00")
    lock = Lock(paths["running"])
    listed = runs()
    head, *rows = listed.stdout.splitlines()
    found = [json.loads(line) for line in succeed("--json").splitlines()]
    lock.release()

    assert " ".join(head.split()) == ("started data network optimizer best epochs state size name")
    assert [row[:10] for row in rows] == [f"2026-01-0{day}" for day in (1, 2, 3, 4)]
    assert [row[head.index("state") :].split()[0] for row in rows] == list(paths)
    assert [row[head.index("name") :] for row in rows] == ["b", "a", "d", "c"]
    assert [row[head.index("epochs") :].split()[0] for row in rows] == ["2/2", "1/2", "0/2", "1/5"]
    assert [row[head.index("network") :].split()[0] for row in rows[2:]] == ["36-8-4", "36-9-7-4"]
    assert rows[2][head.index("best") :].split()[0].endswith("%")  # from when it ended
    assert rows[1][head.index("best") :].split()[0].endswith("%v")
    assert listed.stderr == "digit-tui: best: v is the accuracy on digits that the run held out\n"
    assert max(map(len, rows)) <= 90

    assert [each["state"] for each in found] == list(paths)
    assert [each["run"] for each in found] == [str(path) for path in paths.values()]
    assert found[3]["network"] == [36, 9, 7, 4]
    assert [(each["epochs"], each["planned_epochs"]) for each in found][3] == (1, 5)
    epochs = SavedRun.read(paths["finished"]).history().epochs
    accuracies = [line["test_accuracy"] for line in epochs]
    assert found[0]["best_test_accuracy"] == max(accuracies)
    assert rows[0][head.index("best") :].split()[0] == f"{max(accuracies):.2%}"


def test_a_run_that_only_repeated_another_is_marked_and_never_last(
    make_run: MakeRun, runs_folder: Path, digits: Dataset
) -> None:
    original, copy = make_run("one"), runs_folder / "two"
    edit(original, started="2026-01-01T12:00:00+00:00")
    request = replay_request(original, copy)
    for _ in request.trainer(digits, CommandScript(()), interactive=False).run():
        pass
    head, *rows = runs().stdout.splitlines()
    assert [row[head.index("state") :].split()[0] for row in rows] == ["replay", "finished"]
    assert find_run("last") == original
    shown = succeed("show", "two").splitlines()
    assert f"Replay of      {original}" in shown
    more = resume_request(copy)
    for _ in more.trainer(digits, CommandScript([(0, AddEpochs(1))]), interactive=False).run():
        pass
    assert RunSummary.of(SavedRun.read(copy)).state_words == "finished"
    assert find_run("last") == copy


def test_without_runs_the_list_says_where_they_would_be(runs_folder: Path) -> None:
    assert succeed() == f"No run is saved yet; they would be in {runs_folder}\n"
    runs_folder.rmdir()
    assert succeed() == f"No run is saved yet; they would be in {runs_folder}\n"
    assert succeed("--json") == ""


def test_a_damaged_run_hides_no_other(make_run: MakeRun, runs_folder: Path) -> None:
    make_run("good")
    (make_run("record") / "run.json").write_text("{")
    (make_run("journal") / "journal.jsonl").write_text("no line\n")
    (make_run("values") / "journal.jsonl").write_text('{"event": "epoch_ended", "epoch": 1}\n')
    (make_run("gone") / "run.json").unlink()
    (runs_folder / "empty").mkdir()  # neither this nor a file is a run
    (runs_folder / "notes.txt").write_text("mine")
    result = runs()
    assert result.exit_code == 3
    assert [line.split()[-1] for line in result.stdout.splitlines()] == ["name", "good"]
    lines = result.stderr.splitlines()
    assert len(lines) == 4
    for name, line in zip(("gone", "journal", "record", "values"), lines, strict=True):
        assert line.startswith("digit-tui: ")
        assert str(runs_folder / name) in line


def test_the_size_of_a_run(make_run: MakeRun) -> None:
    path = make_run()
    assert (path / "best.npz").samefile(path / "checkpoint.npz")
    names = {"checkpoint.npz", "previous.npz", "journal.jsonl", "metrics.csv", "run.json"}
    assert {entry.name for entry in path.iterdir()} == names | {"best.npz"}
    wanted = sum((path / name).stat().st_size for name in names)
    assert json.loads(succeed("--json"))["bytes"] == wanted


@pytest.mark.parametrize(
    ("count", "words"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1.0 kB"),
        (9_949, "9.9 kB"),
        (9_950, "10 kB"),
        (999_499, "999 kB"),
        (999_500, "1.0 MB"),
        (1_630_328, "1.6 MB"),
        (123_456_789_012, "123 GB"),
        (5 * 10**15, "5000 TB"),
    ],
)
def test_sizes_for_people(count: int, words: str) -> None:
    assert human_size(count) == words


def test_a_narrow_terminal_has_a_line_for_each_run(
    make_run: MakeRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, later = "2026-11-23_13-04-12_classic_4c374ee4", "2026-11-24_09-00-00_standard_deadbeef"
    names = [run, f"{run}-fork-320", later]
    paths = [make_run(names[0], hidden=(1024, 512)), make_run(names[1]), make_run(names[2])]
    facts = [RunSummary.of(SavedRun.read(path)) for path in paths]
    whole = table(facts)  # no terminal
    assert [line.split()[-1] for line in whole] == ["name", *names]
    assert len(whole[0].split()) == 9
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    for columns in (80, 100, 160):
        monkeypatch.setenv("COLUMNS", str(columns))
        head, *rows = table(facts)
        assert len(rows) == 3
        assert max(map(len, [head, *rows])) <= columns
        for row in rows:
            assert row[head.index("optimizer") :].split()[0] == "adam"
            assert row[head.index("best") :].split()[0].endswith("%")
        shown = [row.split()[-1] for row in rows]
        if columns == 80:
            assert shown[1].endswith("fork-320")
            assert (find_run(shown[0]), find_run(shown[2])) == (paths[0], paths[2])
        else:
            assert shown == names
    assert [line.split()[-1] for line in whole] == [line.split()[-1] for line in table(facts)]


def test_names_as_short_as_they_can_be() -> None:
    run, twin = "2026-11-23_13-04-12_classic_4c374ee4", "2026-11-23_13-04-12_standard_00000000"
    fork = f"{run}-fork-320"
    assert beginnings([run, fork]) == [run[:19], fork]
    assert beginnings([run, twin]) == [run[:21], twin[:21]]
    assert beginnings(["mine", "my"]) == ["mine", "my"]
