"""Where a run is that a session trains, and what its network makes of digits."""

from __future__ import annotations

from pathlib import Path

from digit_tui.api.history import History
from digit_tui.api.session import Session
from digit_tui.api.trained import Measured, Trained, count_words, read_only, told
from digit_tui.config import RunConfig
from digit_tui.data import Dataset
from digit_tui.nn import Network, PredictionHistory, evaluate
from digit_tui.run.commands import Lineage, OpenTest
from digit_tui.run.events import Evaluated, Inspected
from digit_tui.run.settings import Settings
from digit_tui.storage.run_index import run_name


class LiveRun(Trained):
    """A run in training, as somebody sees it who does not steer it."""

    _session: Session

    @property
    def config(self) -> RunConfig:
        """All that determines the run, beside the data and the commands."""
        return self._session.config

    @property
    def settings(self) -> Settings:
        """Those in force."""
        return self._session.status.settings

    @property
    def step(self) -> int:
        """Steps made."""
        return self._session.status.step

    @property
    def epoch(self) -> float:
        """Completed epochs, and the part of the one under way."""
        return self._session.status.epoch

    @property
    def finished(self) -> bool:
        """Whether all its epochs are done."""
        return self._session.status.all_done

    @property
    def closed(self) -> bool:
        """Whether nothing trains it any more."""
        return self._session.ended

    @property
    def folder(self) -> Path | None:
        """Where it is saved; None if it is in memory."""
        folder = self._session.known.folder
        return None if folder is None else Path(folder)

    @property
    def dataset(self) -> Dataset:
        return self._session.dataset

    @property
    def history(self) -> History:
        return History.of(self._session.known.log.lines, self.dataset.monitored_split)

    @property
    def network(self) -> Network:
        return read_only(self._now().evaluated_network)

    @property
    def weights_sha256(self) -> str:
        """Hex SHA-256 of the weights, and of their average if the run keeps one: as `--batch`
        reports it."""
        return self._now().state.weights_sha256

    @property
    def _lineage(self) -> Lineage:
        return self._now().state.lineage

    def _now(self) -> Inspected:
        if not self.closed:
            self._session.rest()
        return self._session.known.inspected["run"]

    def _measure(self, split: str) -> Measured:
        self._now()
        session, found = self._session, self._session.status.evaluated
        assert found is not None
        if split == found.split:
            return Measured(found.evaluation, found.history)
        if self.closed:
            evaluation = evaluate(self.network, *self.dataset.split(split))
            return Measured(evaluation, PredictionHistory())
        for event in session.ask(OpenTest()):
            if isinstance(event, Evaluated) and event.split == split:
                found = event
        return Measured(found.evaluation, found.history)

    def __repr__(self) -> str:
        """Such as <Run standard on sample, 784-512-256-10: epoch 2 of 20, step 64, ...>."""
        session = self._session
        status, found = session.status, session.status.evaluated
        widths = "-".join(map(str, status.network))
        where = count_words(status.step, round(status.epoch, 3), status.settings.epochs)
        accuracy = None if found is None or not status.step else found.evaluation.accuracy
        told_accuracy = f", {told(accuracy, found.split)}" if found and status.step else ""
        fork = ", with a fork" if status.fork is not None and not self.closed else ""
        kept = "in memory" if session.known.folder is None else run_name(Path(session.known.folder))
        closed = ", closed" if self.closed else ""
        name = f"{self.config.preset} on {self.dataset.name}, {widths}"
        return f"<Run {name}: {where}{told_accuracy}{fork}, {kept}{closed}>"
