"""Sweeps of tiny runs in this process."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from digit_tui import data
from digit_tui.data import Dataset
from digit_tui.engine.holdout import hold_out
from digit_tui.sweep.plan import Plan
from digit_tui.sweep.space_text import parse_dimension
from digit_tui.sweep.storages import place_of
from digit_tui.sweep.study import Sweep
from digit_tui.sweep.worker import Worker

HELD_OUT = 60
OPTIONS = {
    "data": "patterns",
    "hidden": (8,),
    "batch_size": 32,
    "epochs": 3,
    "side": 6,
    "validation": HELD_OUT,
    "threads": 1,
}

MakeSweep = Callable[..., Sweep]


def plan_of(*tried: str, **how: Any) -> Plan:
    """A plan for the patterns of `digits`; fields of the plan and of RunConfig as keywords."""
    mine = {key: how.pop(key) for key in list(how) if key in Plan.__dataclass_fields__}
    space = tuple(map(parse_dimension, tried or ("lr=1e-3..1e-1:log",)))
    options = {**OPTIONS, **how}
    for each in space:
        options.pop({"lr": "learning_rate"}.get(each.name, each.name).replace("-", "_"), None)
    return Plan(space, "classic", options, **{"epochs": 3, "pruner": "none", "trials": 3, **mine})


@pytest.fixture
def make_sweep(digits: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> MakeSweep:
    """Makes a study in a folder of the test; named "s" if nothing is said."""
    monkeypatch.setattr(data, "load_dataset", lambda *_, **__: digits)
    sha256 = hold_out(digits, HELD_OUT).sha256

    def make(*tried: str, name: str = "s", storage: str | None = None, **how: Any) -> Sweep:
        place = place_of(name, storage or str(tmp_path), tmp_path / name if storage else None)
        return Sweep.create(place, plan_of(*tried, data_sha256=sha256, **how))

    return make


class Told(list[dict[str, Any]]):
    """What workers told."""

    def of(self, kind: str) -> list[dict[str, Any]]:
        return [event for event in self if event["event"] == kind]


def work(sweep: Sweep, name: str = "here:1", **how: Any) -> Told:
    """Have a worker work until nothing is left; what it told."""
    told = Told()
    worker = Worker(sweep, told.append, name=name, **how)
    worker.work()
    assert worker.failed is None
    return told
