"""What a front end is asked to train, and the trainer for it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path

from digit_tui import data
from digit_tui.config import RunConfig
from digit_tui.data import Dataset
from digit_tui.engine.holdout import hold_out
from digit_tui.run.commands import Fork, Stop
from digit_tui.run.lineage import last_step
from digit_tui.run.teacher import Teacher
from digit_tui.storage.errors import RunTaken
from digit_tui.storage.initial_weights import InitialWeights
from digit_tui.storage.run_writer import RunWriter
from digit_tui.storage.saved_run import SavedRun
from digit_tui.storage.start_point import StartPoint
from digit_tui.training.command_source import CommandSource
from digit_tui.training.trainer import Trainer


@dataclass(frozen=True, eq=False)
class RunRequest:
    """A new run, a saved run to resume, or one to repeat."""

    config: RunConfig
    folder: Path | None = None
    """Where the run is saved; None is a fresh folder in the state directory."""
    resume: SavedRun | None = None
    """The run to resume, in its folder."""
    replay: SavedRun | None = None
    """The run to repeat."""
    fork: tuple[int, Fork] | None = None
    """A fork to make at this step."""
    initial: InitialWeights | None = None
    """The weights that a new run begins with; None draws them from its seed."""
    teacher: Teacher | None = None
    """That a new run is distilled from; None learns from the labels alone."""
    processes: int | None = None
    """To train with; None is as many as the config has threads. Results do not depend on it."""
    opens_test: bool = True
    """Whether the test set is evaluated when all epochs are done, where images are held out; not
    where runs are compared to choose one of them."""

    @property
    def path(self) -> Path | None:
        """The folder that is written to, if it is known already."""
        return self.folder if self.resume is None else self.resume.path

    def again(self, config: RunConfig) -> RunRequest:
        """A request for another run, in a folder of its own beside the one that was named."""
        folder = first = self.folder
        if first is not None:
            names = (first.with_name(f"{first.name}-{number}") for number in count(2))
            folder = next(name for name in names if not name.exists())
        return RunRequest(config, folder, processes=self.processes)

    def load_dataset(self) -> Dataset:
        """The dataset of the run, with its held-out set split off.

        Raises:
            DataError: if it cannot be read.
            RunError: if it is not the one that the saved run was trained on.
        """
        config = self.config
        saved = self.resume or self.replay
        # Drawings that were added since the run began are none of its own.
        counts = None if saved is None else saved.image_counts
        dataset = data.load_dataset(config.data, config.side, counts=counts)
        dataset = hold_out(dataset, config.validation)
        if saved is not None:
            saved.check_dataset(dataset)
        return dataset

    def trainer(self, dataset: Dataset, source: CommandSource, interactive: bool) -> Trainer:
        """The trainer of the run; see there.

        Raises:
            DataError: if the teacher is not of the dataset's images and classes.
            RunError: if the saved run cannot be read, or another process is using it.
            OSError: if the folder cannot be used.
        """
        if self.teacher is not None:
            self.teacher.check(dataset)
        if self.resume is not None:
            return self._resumed(self.resume.path, dataset, source, interactive)
        writer = (
            RunWriter(self.folder) if self.folder else RunWriter.fresh(self.config, self.initial)
        )
        start_point = (
            StartPoint.for_replay(self.replay)
            if self.replay
            else StartPoint(initial=self.initial, teacher=self.teacher)
        )
        start_point = self._with_fork(start_point, dataset)
        return Trainer(
            self.config,
            dataset,
            source,
            writer,
            interactive,
            start_point,
            self.processes,
            self.opens_test,
        )

    def replayer(self, dataset: Dataset, source: CommandSource) -> Trainer:
        """A trainer that repeats all that happened, what was undone included, and saves nothing.

        Raises:
            RunError: if the journal cannot be read.
        """
        assert self.replay is not None
        start_point = StartPoint.for_full_replay(self.replay)
        return Trainer(
            self.config,
            dataset,
            source,
            interactive=True,
            start_point=start_point,
            processes=self.processes,
        )

    def _resumed(
        self, path: Path, dataset: Dataset, source: CommandSource, interactive: bool
    ) -> Trainer:
        writer = RunWriter(path)
        writer.take_over()
        try:
            saved = SavedRun.read(path)  # anew: now no other process writes to it
            start_point = StartPoint.for_resume(saved)
            forked = self._with_fork(start_point, dataset)
            trainer = Trainer(
                self.config,
                dataset,
                source,
                writer,
                interactive,
                forked,
                self.processes,
                self.opens_test,
            )
            writer.resume(saved, start_point, trainer.state.step)
        except BaseException:
            writer.close()
            raise
        return trainer

    def _with_fork(self, start_point: StartPoint, dataset: Dataset) -> StartPoint:
        """Schedule the fork, if one was asked for.

        Raises:
            RunTaken: if the run would still be repeating its journal at that step, or ends before.
        """
        if self.fork is None:
            return start_point
        repeated = [
            step for step, command in start_point.scheduled if not isinstance(command, Stop)
        ]
        start = max([start_point.state.step if start_point.state else 0, *repeated])
        if self.fork[0] < start:
            raise RunTaken(
                f"--fork-at {self.fork[0]}: the run repeats what was done to it up to step {start}"
            )
        saved = self.resume or self.replay
        lineage = saved.history().lineage if saved else ()
        images = len(dataset.train_labels)
        stops = [step for step, command in start_point.scheduled if isinstance(command, Stop)]
        end = min([last_step(lineage, self.config.for_images(images), images), *stops])
        if self.fork[0] > end:
            raise RunTaken(f"--fork-at {self.fork[0]}: the run ends at step {end}")
        return replace(
            start_point,
            scheduled=sorted([*start_point.scheduled, self.fork], key=lambda each: each[0]),
        )


def resume_request(path: Path) -> RunRequest:
    """Resume the run in a folder.

    Raises:
        RunError: if there is none.
    """
    saved = SavedRun.read(path)
    return RunRequest(saved.config.with_(data=saved.data), resume=saved)


def replay_request(path: Path, folder: Path | None = None) -> RunRequest:
    """Repeat the run in a folder.

    Raises:
        RunError: if there is none.
    """
    saved = SavedRun.read(path)
    return RunRequest(saved.config.with_(data=saved.data), folder, replay=saved)
