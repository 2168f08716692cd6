"""Prodigy's sums over all parameters, and the step size that it finds, in a run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.rarely import rarely
from support.runs import Train
from support.workers import needs_workers

from digit_tui.nn.optimizers.prodigy import FIRST_DISTANCE
from digit_tui.run.commands import Inspect, SetOptimizer, Stop, SwitchOff, SwitchOn, Undo
from digit_tui.run.events import Inspected, StepsDone
from digit_tui.run.setting_words import settings_words
from digit_tui.storage.saved_run import SavedRun

OPTIONS: dict[str, Any] = {"optimizer": "prodigy", "learning_rate": 1.0, "hidden": (7, 5)}


@needs_workers
@pytest.mark.parametrize("threads", [3, *rarely(2, 5)])
def test_its_sums_depend_on_the_number_of_workers_and_not_on_their_processes(
    threads: int, train: Train
) -> None:
    sums, factors = set(), []
    for processes in (1, 2, threads):
        ran = train(threads=threads, processes=processes, **OPTIONS)
        sums.add(ran.sha256)
        factors.append(ran.trainer.state.rate_factor)
    assert len(sums) == len({*factors}) == 1
    alone = train(threads=1, **OPTIONS).trainer.state.rate_factor
    assert factors[0] == pytest.approx(alone, rel=0.05)
    assert alone > 100 * FIRST_DISTANCE


def test_the_step_size_that_it_found_is_told(train: Train) -> None:
    ran = train([(11, Inspect()), (11, Stop())], **OPTIONS)
    event, (looked,) = ran.all(StepsDone)[-1], ran.all(Inspected)
    assert event.rate_factor == looked.state.rate_factor == looked.state.scalars[0]
    words = settings_words(looked.state.settings, 0.5, event.rate_factor)
    assert words[:3] == ["prodigy", "rate 0.5 of 1", f"step size {event.rate_factor / 2:.3g}"]
    assert train([(3, Stop())], optimizer="adam").all(StepsDone)[-1].rate_factor is None


def test_what_it_found_is_saved_and_gone_back_to(train: Train, go_on: Any, tmp_path: Path) -> None:
    script = [(6, SetOptimizer("adam")), (9, Undo()), (9, SetOptimizer("prodigy")), (9, Stop())]
    ran = train(script[:2] + script[3:], folder=tmp_path, **OPTIONS)
    straight = train([(ran.trainer.state.step, Stop())], **OPTIONS)
    assert ran.trainer.state.scalars == straight.trainer.state.scalars
    saved = SavedRun.read(tmp_path).checkpoint().state
    assert saved.scalars == ran.trainer.state.scalars
    assert go_on(tmp_path).sha256 == train(**OPTIONS).sha256


def test_a_unit_that_is_put_back_has_gone_no_way_yet(train: Train) -> None:
    script = [(5, SwitchOff(1, (2,))), (9, Inspect()), (9, SwitchOn(1, (2,))), (9, Inspect())]
    ran = train([*script, (9, Stop())], **OPTIONS)
    before, after = (each.state for each in ran.all(Inspected))
    mask = before.removed.mask
    np.testing.assert_array_equal(after.points[0][mask], after.parameters[mask])
