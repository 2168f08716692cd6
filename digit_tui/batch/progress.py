"""Progress of a headless run on stderr: a bar on a terminal, a plain line elsewhere."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from time import monotonic
from typing import TYPE_CHECKING, Protocol

from digit_tui.data import counted, in_nats
from digit_tui.run.events import EpochEnded, Event, RunStarted, SettingChanged, StepsDone
from digit_tui.run.setting_words import setting_set
from digit_tui.run.teacher_words import teacher_words
from digit_tui.session.output import discard_output

if TYPE_CHECKING:
    from rich.progress import Progress as Bars
    from rich.progress import ProgressColumn

LINE_SECONDS = 5.0
"""Time between two plain lines."""


class Progress(Protocol):
    """Shows how far a run has come."""

    def show(self, event: Event) -> None:
        """Update what is shown."""


class NoProgress:
    def show(self, event: Event) -> None:
        pass


class ProgressLines:
    """A line when an epoch has ended, but not more than one every few seconds."""

    def __init__(self) -> None:
        self._shown = -LINE_SECONDS
        self._epochs = 0

    def show(self, event: Event) -> None:
        match event:
            case RunStarted(data=data, network=network, settings=settings, teacher=about):
                self._epochs = settings.epochs
                widths = "-".join(map(str, network))
                parts = [f"{widths} on {data['name']}", counted(data["training_images"], "image")]
                self._write(", ".join(filter(None, [*parts, teacher_words(about)])))
            case EpochEnded():
                now = monotonic()
                if event.epoch == self._epochs or now - self._shown >= LINE_SECONDS:
                    self._shown = now
                    self._write(f"epoch {event.epoch}/{self._epochs}  {measures(event)}")
            case SettingChanged(settings=settings):
                self._epochs = settings.epochs
                self._write(setting_set(event))
            case _:
                pass

    def _write(self, line: str) -> None:
        with contextlib.suppress(OSError):  # a run must not fail because of its progress
            print(line, file=sys.stderr, flush=True)


def measures(event: EpochEnded) -> str:
    """The results of an epoch that a person follows."""
    split, loss, accuracy = event.monitored
    return (
        f"train {in_nats(event.train_loss)} {event.train_accuracy:.2%}  "
        f"{split} {in_nats(loss)} {accuracy:.2%}  "
        f"{event.images_per_second:,.0f} images/s"
    )


@contextlib.contextmanager
def progress_on_stderr(quiet: bool) -> Iterator[Progress]:
    """Progress that suits stderr: a bar, plain lines, or nothing."""
    if quiet or sys.stderr is None:  # closed by the parent; print would take stdout instead
        yield NoProgress()
    elif not sys.stderr.isatty():
        yield ProgressLines()
    else:
        with _bar() as bar:
            yield bar


@contextlib.contextmanager
def bars_on_stderr(*columns: ProgressColumn) -> Iterator[Bars]:
    """Bars of Rich's on stderr, gone in the end; what else is written there stays as it is."""
    from rich.console import Console
    from rich.progress import Progress as Bars

    bars = Bars(
        *columns,
        console=Console(stderr=True),
        redirect_stdout=False,
        redirect_stderr=False,
        transient=True,
        refresh_per_second=4,
    )
    try:
        with contextlib.suppress(OSError):
            bars.start()
        yield bars
    finally:
        try:
            bars.stop()
        except OSError:  # the terminal is gone; progress is not worth a run
            discard_output(sys.stderr)


@contextlib.contextmanager
def _bar() -> Iterator[Progress]:
    from rich.progress import BarColumn, TextColumn, TimeRemainingColumn

    with bars_on_stderr(
        TextColumn("epoch {task.fields[epoch]}/{task.total:.0f}"),
        BarColumn(),
        TextColumn("{task.description}"),
        TimeRemainingColumn(),
    ) as bar:
        task = bar.add_task("", total=1, epoch=0)

        class Bar:
            def show(self, event: Event) -> None:
                match event:
                    case RunStarted(settings=settings) | SettingChanged(settings=settings):
                        bar.update(task, total=settings.epochs)
                    case StepsDone(epoch=position):
                        bar.update(task, completed=position)
                    case EpochEnded(epoch=epoch, monitored=(split, _, accuracy)):
                        words = f"{split} {accuracy:.2%}"
                        bar.update(task, completed=epoch, epoch=epoch, description=words)
                    case _:
                        pass

        yield Bar()
