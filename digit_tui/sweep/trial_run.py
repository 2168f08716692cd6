"""One run of a trial, in a folder of its own: an ordinary run, resumed where it was left."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from digit_tui.config import RunConfig
from digit_tui.data import Dataset
from digit_tui.run.commands import Stop
from digit_tui.run.events import (
    Diverged,
    EpochEnded,
    Paused,
    Restored,
    RunEnded,
    RunStarted,
    SaveFailed,
)
from digit_tui.storage.errors import RunError, RunTaken
from digit_tui.storage.saved_run import SavedRun
from digit_tui.training.command_source import Mailbox
from digit_tui.training.run_request import RunRequest

OnEpoch = Callable[[int, float, float, bool], None]
"""Takes the epoch that ended, the monitored accuracy, its seconds of training, and whether it was
trained just now."""


@dataclass(frozen=True)
class RunResult:
    """How a run of a trial ended."""

    folder: Path
    accuracy: float
    """On the held-out images, as a fraction."""
    epochs: int
    """Completed ones."""
    finished: bool
    """Whether all its epochs are done."""
    diverged: str | None
    """What happened, if it did."""
    trouble: str | None
    """Why it could not be saved, if so."""
    weights_sha256: str


def train(
    config: RunConfig,
    folders: list[Path],
    dataset: Dataset,
    mailbox: Mailbox,
    processes: int,
    started: Callable[[Path, int], None],
    on_epoch: OnEpoch,
) -> RunResult:
    """Train a run to its end, or until the mailbox has a command to stop.

    Args:
        config: the run's.
        folders: where it may have been begun; if it was in none of them, it begins in the last.
        dataset: with the held-out set split off.
        mailbox: for the command to stop.
        processes: to train with.
        started: is told the run's folder and its number of epochs.
        on_epoch: is told each epoch, those before the run was resumed too; may stop the run.

    Raises:
        RunError: if the run cannot be read.
        OSError: if the folder cannot be written.
        WorkerPoolError: if there are no worker processes.
    """
    request = _request(config.for_images(len(dataset.train_labels)), folders, dataset, processes)
    trainer = request.trainer(dataset, mailbox, interactive=False)
    diverged = trouble = None
    for event in trainer.run():
        match event:
            case RunStarted(run=str() as run, settings=settings):
                started(Path(run), settings.epochs)
            case Restored(epochs=epochs):
                for epoch in epochs:
                    accuracy = epoch["validation_accuracy"]
                    known = 0.0 if accuracy is None else accuracy
                    on_epoch(int(epoch["epoch"]), known, epoch["seconds"], False)
            case EpochEnded(epoch=number, monitored=(_, _, accuracy), seconds=seconds):
                on_epoch(number, accuracy, seconds, True)
            case Diverged(message=message):
                diverged = message
            case Paused(reason="diverged"):
                mailbox.send(Stop(reason="diverged"))
            case SaveFailed(message=message):
                trouble = message
            case RunEnded() as ended:
                folder = request.path
                assert folder is not None
                return RunResult(
                    folder,
                    ended.monitored_accuracy,
                    ended.epochs,
                    ended.reason == "finished",
                    diverged,
                    trouble,
                    ended.weights_sha256,
                )
            case _:
                pass
    raise AssertionError("the last event is RunEnded")  # pragma: no cover


def _request(
    config: RunConfig, folders: list[Path], dataset: Dataset, processes: int
) -> RunRequest:
    """Resume the run where it was begun, or begin it.

    It is the same run if it has the same config and dataset: the steps are then the same, to the
    last bit. A folder that another process still trains in, or that holds something else, is left
    alone.
    """
    fallback = folders[-1]
    for folder in _with_spares(folders):
        if not folder.exists():
            return RunRequest(config, folder, processes=processes, opens_test=False)
        try:
            saved = SavedRun.read(folder)
            saved.check_dataset(dataset)
        except RunError:
            if not any(folder.iterdir()):
                return RunRequest(config, folder, processes=processes, opens_test=False)
            continue
        if saved.config == config and saved.state() not in ("running", "open"):
            return RunRequest(config, resume=saved, processes=processes, opens_test=False)
    raise RunTaken(f"{fallback} and all beside it are in use")  # pragma: no cover - no end of them


def _with_spares(folders: list[Path]) -> list[Path]:
    """The folders that are there, and then names for a new one beside the last."""
    last = folders[-1]
    known = [folder for folder in folders[:-1] if folder.exists()]
    spares = (last.with_name(f"{last.name}.{number}") for number in count(2))
    found = [*known, last]
    while found[-1].exists():
        found.append(next(spares))
    return found
