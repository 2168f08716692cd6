"""Where commands come from: a mailbox, and a script that ends."""

from __future__ import annotations

from typing import Any

import pytest
from support.command_script import CommandScript

from digit_tui.engine.worker import Worker
from digit_tui.plain.sync_runner import AckMailbox
from digit_tui.run.commands import Pause, SetOptimizer, StepBatch, Stop
from digit_tui.training.command_source import Mailbox
from digit_tui.training.trainer import Trainer


def test_commands_from_a_mailbox_are_obeyed_between_steps(digits: Any, config: Any) -> None:
    mailbox = Mailbox()
    trainer = Trainer(config, digits, mailbox)
    mailbox.send(Pause())
    mailbox.send(SetOptimizer("sgd"))
    mailbox.send(StepBatch())
    mailbox.send(StepBatch())
    mailbox.send(Stop())
    events = list(trainer.run())
    assert events[-1].steps == 2
    assert trainer.state.settings.optimizer == "sgd"


@pytest.mark.parametrize("threads", [1, 2])
def test_a_command_from_a_mailbox_waits_for_one_step(
    threads: int, digits: Any, config: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It ends the group of many steps that is being made."""
    mailbox = Mailbox()
    trainer = Trainer(config.with_(batch_size=1, threads=threads), digits, mailbox)
    inputs = Worker.inputs

    def stop_in_the_fifth(self: Worker, *values: Any) -> Any:
        made.append(values)
        if len(made) == 5:
            mailbox.send(Stop())
        return inputs(self, *values)

    made: list[Any] = []
    monkeypatch.setattr(Worker, "inputs", stop_in_the_fifth)
    assert list(trainer.run())[-1].steps == 5


@pytest.mark.parametrize("mailbox", [Mailbox(), AckMailbox(lambda _: None, held=False)])
def test_a_mailbox_says_that_the_run_is_to_stop(mailbox: Mailbox) -> None:
    mailbox.send(Pause())
    assert not mailbox.stopping()
    mailbox.send(Stop())
    assert mailbox.stopping()
    assert list(mailbox.take(0)) == [Pause(), Stop()]


def test_a_script_that_would_wait_for_ever_says_so(digits: Any, config: Any) -> None:
    trainer = Trainer(config, digits, CommandScript([(4, Pause())]))
    with pytest.raises(EOFError, match="step 4"):
        list(trainer.run())
