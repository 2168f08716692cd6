"""A copy of a run that trains beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from digit_tui.api.errors import RunError
from digit_tui.api.history import EpochLog, History
from digit_tui.api.session import Session
from digit_tui.api.trained import Measured, Trained, read_only, told
from digit_tui.data import Dataset
from digit_tui.insight.significance import Comparison, compare
from digit_tui.nn import Network
from digit_tui.run.commands import Keep
from digit_tui.run.settings import Settings

if TYPE_CHECKING:
    from digit_tui.run.events import Inspected
    from digit_tui.session.fork_status import ForkRunStatus


class Fork(Trained):
    """A copy of a run, on the same batches, with some settings that differ.

    `run.train` trains both. `keep` goes on with the fork as the run, `drop` without it; what is
    left stays saved, if the run has a folder. Afterwards this object tells how the fork was.
    """

    def __init__(self, session: Session, owner: object) -> None:
        """The fork that a session has now.

        Args:
            session: of the run.
            owner: the run, which lives as long as this.
        """
        assert session.status.fork is not None
        assert session.known.fork_log is not None
        self._session = session
        self._owner = owner
        self._status: ForkRunStatus = session.status.fork
        self._log: EpochLog = session.known.fork_log
        self._inspected: Inspected = session.known.inspected["fork"]

    @property
    def active(self) -> bool:
        """Whether it still trains beside the run."""
        return self._session.status.fork is self._status and not self._session.ended

    @property
    def changes(self) -> list[str]:
        """What differs from the run, in words."""
        return self._status.forked.changes

    @property
    def settings(self) -> Settings:
        """Those in force."""
        return self._status.settings

    @property
    def network(self) -> Network:
        return read_only(self._now().evaluated_network)

    @property
    def history(self) -> History:
        self._now()
        return History.of(self._log.lines, self.dataset.monitored_split)

    @property
    def dataset(self) -> Dataset:
        return self._session.dataset

    @property
    def weights_sha256(self) -> str:
        """Hex SHA-256 of the weights, and of their average if the run keeps one."""
        return self._now().state.weights_sha256

    def compare(self) -> Comparison:
        """The fork against the run as they are now, on the digits that both are measured with.

        `difference` is the fork's accuracy less the run's, `interval` its 95% interval, and
        `words` says whether that may be chance.

        Raises:
            RunError: if the fork has ended.
        """
        self._check_active()
        run = self._session.status.evaluated
        assert run is not None
        return compare(run.evaluation, self._measure("").evaluation)

    def keep(self) -> None:
        """Go on with the fork as the run; what the run was ends here.

        Raises:
            RunError: if the fork has ended.
        """
        self._end(fork=True)

    def drop(self) -> None:
        """Go on with the run; the fork ends here.

        Raises:
            RunError: if the fork has ended.
        """
        self._end(fork=False)

    def _end(self, fork: bool) -> None:
        self._check_active()
        self._session.ask(Keep(fork))

    def _check_active(self) -> None:
        self._now()
        if not self.active:
            raise RunError("the fork has ended already")

    def _now(self) -> Inspected:
        """The latest copy of its state, at a rest."""
        if self.active:
            self._session.rest()
        if self.active:
            self._inspected = self._session.known.inspected["fork"]
        return self._inspected

    def _measure(self, split: str) -> Measured:
        self._now()
        found = self._status.evaluated
        assert found is not None
        if split not in ("", found.split):
            raise RunError("keep the fork first: the test set is opened for the run")
        return Measured(found.evaluation, found.history)

    def __repr__(self) -> str:
        """Such as <Fork (optimizer sgd): test accuracy 91.20%, trains beside its run>."""
        found = self._status.evaluated
        accuracy = None if found is None else found.evaluation.accuracy
        measured = told(accuracy, self.dataset.monitored_split)
        return f"<Fork ({', '.join(self.changes)}): {measured}, {self._fate}>"

    @property
    def _fate(self) -> str:
        if self.active:
            return "trains beside its run"
        for fork, ended in self._session.known.fork_ends:
            if fork is self._status:
                return "kept as the run" if ended.kept == "fork" else "dropped"
        return "ended with its run"
