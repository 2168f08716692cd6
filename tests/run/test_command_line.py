"""The command that begins a run like another one."""

from __future__ import annotations

from typing import Any

import pytest
from click.testing import CliRunner

from digit_tui import batch
from digit_tui.cli.main import cli
from digit_tui.config import RunConfig
from digit_tui.run.command_line import command_line


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"preset": "classic", "seed": 7, "threads": 1},
        {"preset": "record", "optimizer": "sgd", "learning_rate": 0.3, "weight_decay": 0.01},
        {"optimizer": "sgd"},
        {"hidden": (30, 20), "clip_norm": 0.1, "average": False, "validation": 100, "side": 20},
        {"clip_value": 1e-7, "schedule": "onecycle", "augment": "none", "batch_size": 7},
        {"epochs": 0, "seed": 2**63 - 1, "learning_rate": 0.1 + 0.2},
    ],
    ids=str,
)
def test_the_command_gives_the_same_configuration(
    options: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    config = RunConfig.from_preset(**{"preset": "standard", "data": "sample", **options})
    asked: list[RunConfig] = []

    def run_batch(request: Any, *_: Any) -> int:
        asked.append(request.config)
        return 0

    monkeypatch.setattr(batch, "run_batch", run_batch)
    program, *words = command_line(config)
    done = CliRunner().invoke(cli, words)
    assert (program, done.exit_code) == ("digit-tui", 0), done.stderr
    assert asked == [config]


def test_what_the_preset_says_is_left_out() -> None:
    config = RunConfig.from_preset("classic", data="sample", threads=2)
    assert command_line(config) == [
        *("digit-tui", "--batch", "--data", "sample", "--preset", "classic"),
        *("--seed", "0", "--threads", "2"),
    ]
