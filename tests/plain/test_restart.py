"""One run after another, in one session."""

from __future__ import annotations

from pathlib import Path

from support.plain import Converse, headless

from digit_tui.data import Dataset
from digit_tui.data.sources import sample_dir
from digit_tui.run import commands
from digit_tui.storage.saved_run import SavedRun


def test_the_run_before_is_kept_whole(converse: Converse, sample: Dataset, tmp_path: Path) -> None:
    ended = converse(
        *["step 3", "restart hidden=x", "restart seed=-1", "restart epochs=3", "restart data=/no"],
        *["restart hidden=6 batch-size=250 seed=3", "optimizer sgd", "step 2"],
        *["restart", "epoch"],
    )
    assert ended.all("^restart: ") == [
        "restart: hidden: 'x' is not a list of widths such as 256,128",
        "restart: seed: -1 is not a whole number from 0 to 9223372036854775807",
        "restart: 'epochs' is none of preset, data, hidden, batch-size, seed (use: restart "
        "[preset=NAME or now] [data=NAME or DIR] [hidden=256,128] [batch-size=N] [seed=N])",
        "restart: /no: no such folder, nor one of auto, sample, mnist, mine",
    ]
    kept = ended.all("^run before kept as ")
    assert [line.rpartition(" ")[2] for line in kept] == [
        str(tmp_path / "run"),
        str(tmp_path / "run-2"),
    ]
    # What follows a restart takes effect before the first step of that run, as at the start.
    script = [(3, commands.Stop())]
    first = headless(sample, *script)
    other = {"hidden": (6,), "batch_size": 250}
    script = [(0, commands.SetOptimizer("sgd")), (2, commands.Stop())]
    second = headless(sample, *script, **other, seed=3)
    for name, alone in (("run", first), ("run-2", second)):
        saved = SavedRun.read(tmp_path / name)
        assert saved.state() == "stopped"
        assert saved.record["results"]["weights_sha256"] == alone.weights_sha256
    end = (32, commands.Stop())
    assert ended.run.ended is not None
    assert ended.run.ended.run == str(tmp_path / "run-3")
    assert ended.sha256 == headless(sample, end, **other, seed=4).weights_sha256
    assert ended.status == 2  # for the lines that could not be obeyed


def test_a_person_at_a_terminal(converse: Converse, tmp_path: Path) -> None:
    ended = converse(
        "restart", f"restart preset=classic data={sample_dir()}", "quit", terminal=True
    )
    assert ended.status == 0
    assert len(ended.all("^(the )?run before ")) == 2
    assert ended.run.config.preset == "classic"
    assert ended.run.config.data == str(sample_dir())
    assert ended.run.config.seed == 2


def test_a_run_with_the_settings_of_the_one_before_it(converse: Converse) -> None:
    ended = converse("optimizer sgd", "rate 0.3", "clip norm 2", "restart preset=now", "quit")
    config = ended.run.config
    assert (config.optimizer, config.learning_rate, config.clip_norm) == ("sgd", 0.3, 2.0)
    assert config.seed == 1
