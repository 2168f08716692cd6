"""`digit-tui sweep rm`: removes studies with their runs, and no other files."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing, suppress
from pathlib import Path

from digit_tui.cli.runs.remove import can_ask, confirmed
from digit_tui.cli.runs.text import human_size
from digit_tui.cli.sweep.begin import tells_why
from digit_tui.data import counted, printable
from digit_tui.session.exit_status import ExitStatus
from digit_tui.session.output import Output, print_error
from digit_tui.storage.errors import RunError
from digit_tui.storage.run_files import RECORD
from digit_tui.storage.run_index import check_removable, remove_run, size_of
from digit_tui.sweep.errors import StudyError
from digit_tui.sweep.finding import ABOUT, find_study
from digit_tui.sweep.storages import Place


@tells_why
def remove_studies(names: Sequence[str], storage: str | None, sure: bool) -> int:
    """Remove studies; returns the exit status.

    Args:
        names: of the studies, or their folders.
        storage: the URL or folder that they are in, if their names are not enough.
        sure: do not ask.
    """
    if not sure and not can_ask():
        print_error("sweep rm can ask only on a terminal: to remove without asking, add --yes")
        return ExitStatus.USAGE
    output = Output()
    for name in names:
        place = find_study(name, storage)
        runs = _check(place)
        words = f"{place.study} in {place.words}, with {counted(len(runs), 'run')}"
        question = f"Remove {words} ({human_size(sum(map(size_of, runs)))})?"
        if sure or confirmed(printable(question)):
            left = _remove(place, runs)
            kept = f"; {place.folder} keeps what is none of it: {', '.join(left)}" if left else ""
            output.line(printable(f"Removed {words}{kept}"))
    return output.status or ExitStatus.DONE


def _check(place: Place) -> list[Path]:
    """The folders of a study's runs on this machine.

    Raises:
        StudyError: if there is no such study, or somebody works on it.
        RunError: if a run is in use.
    """
    from digit_tui.sweep.study import Sweep

    with closing(Sweep.open(place, complain=print_error)) as sweep:
        at_work = [
            str(trial.user_attrs.get("worker"))
            for trial in sweep.trials()
            if trial.state.name == "RUNNING" and not sweep.is_abandoned(trial)
        ]
    if at_work:
        raise StudyError(
            f"{place.study} is being worked on by {', '.join(sorted(set(at_work)))}: end that first"
        )
    runs = [each.parent for each in sorted(place.folder.glob(f"*/{RECORD}"))]
    for run in runs:
        with suppress(FileNotFoundError):
            check_removable(run)
    return runs


def _remove(place: Place, runs: Sequence[Path]) -> list[str]:
    """Remove a study: its runs first, so that what is left can still be named.

    Returns:
        The names of what else is in its folder.
    """
    from digit_tui.sweep.study import delete

    for run in runs:
        try:
            remove_run(run)
        except RunError as error:
            raise StudyError(str(error)) from error
    if place.url is not None:
        delete(place, complain=print_error)
    own = (place.journal, Path(f"{place.journal}.lock"), place.folder / ABOUT)
    for file in own if place.url is None else own[-1:]:
        file.unlink(missing_ok=True)
    try:
        left = sorted(each.name for each in place.folder.iterdir())
    except FileNotFoundError:
        return []
    if not left:
        place.folder.rmdir()
    return left
