"""Where studies are kept: a journal file in a folder, SQLite, or a PostgreSQL server."""

from __future__ import annotations

import contextlib
import os
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit, urlunsplit

from digit_tui.data import reason_of
from digit_tui.storage.run_files import sweeps_folder
from digit_tui.sweep.errors import StudyError, Unavailable

if TYPE_CHECKING:
    from optuna.storages import BaseStorage

    from digit_tui.sweep.retrying import RetryingStorage, Wait

JOURNAL = "journal.log"
"""The storage of a study without a URL, in its folder."""
POSTGRESQL = ("postgresql", "postgres", "postgresql+psycopg")
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
"""Of a study, which is also that of its folder."""
RESERVED = ("join", "show", "list", "rm", "start")
LOCKED_SECONDS = 60
"""How long to wait for another process that writes to the same SQLite file."""
CONNECT_SECONDS = 10
OPENING_SECONDS = 2.0
"""How long a person waits who may have written the URL wrong."""

_HEAD = b'{"op_code":'


@dataclass(frozen=True)
class Place:
    """Where a study is kept."""

    study: str
    """Its name."""
    url: str | None
    """Of the database; None is a journal file."""
    folder: Path
    """Of the study on this machine: the runs of its trials, and the journal."""

    @property
    def journal(self) -> Path:
        """The journal file, where there is one."""
        return self.folder / JOURNAL

    @property
    def is_at_home(self) -> bool:
        """Whether its name is enough to find it on this machine."""
        return self.folder.parent == sweeps_folder()

    @property
    def words(self) -> str:
        """The storage for people, without a password."""
        return str(self.journal) if self.url is None else without_password(self.url)


def check_study_name(name: str) -> str:
    """The name, if a study can have it.

    Raises:
        StudyError: if not.
    """
    if not NAME.fullmatch(name) or name in RESERVED:
        raise StudyError(
            f"{name!r} cannot be the name of a study: letters, digits, '.', '_' and '-', "
            f"but not {', '.join(RESERVED)}"
        )
    return name


def is_url(storage: str) -> bool:
    """Whether it is a URL of a database, not a folder."""
    return "://" in storage


def place_of(study: str, storage: str | None, runs: Path | None = None) -> Place:
    """Where a study of this name is kept.

    Args:
        study: its name.
        storage: a URL, or the folder in which studies with a journal file are, each in a folder of
            its own; None is the state directory.
        runs: the folder for its runs, if another one is wanted.

    Raises:
        StudyError: if the name cannot be one, or the URL is of another database.
    """
    check_study_name(study)
    if storage is not None and is_url(storage):
        check_url(storage)
        head, _, file = storage.partition("sqlite:///")
        if not head and file:  # else it would be another one from another folder
            storage = f"sqlite:///{os.path.abspath(os.path.expanduser(file))}"
        folder = runs or sweeps_folder() / study
        return Place(study, storage, Path(os.path.abspath(folder)))
    base = sweeps_folder() if storage is None else Path(storage)
    if runs is not None:
        raise StudyError(
            "--runs is for a database: beside a journal file the runs are in its folder"
        )
    return Place(study, None, Path(os.path.abspath(base)) / study)


def check_url(url: str) -> None:
    """Check that a URL is of a database that is known.

    Raises:
        StudyError: if not.
    """
    scheme = url.partition("://")[0]
    wrong_sqlite = scheme == "sqlite" and not url.startswith("sqlite:///")
    if wrong_sqlite or scheme not in (*POSTGRESQL, "sqlite"):
        raise StudyError(
            f"--storage {without_password(url)}: give sqlite:///FILE, postgresql://..., or a folder"
        )


def without_password(url: str) -> str:
    """The URL without the password that may be in it."""
    try:
        parts = urlsplit(url)
        if parts.password is None:
            return url
        host = parts.netloc.rpartition("@")[2]
        return urlunsplit(parts._replace(netloc=f"{parts.username or ''}@{host}"))
    except ValueError:
        return re.sub(r"//[^@/]*@", "//", url)


def has_password(url: str) -> bool:
    """Whether a password is in the URL."""
    return without_password(url) != url


def require_optuna() -> None:
    """Check that Optuna is there.

    Raises:
        Unavailable: if not.
    """
    import importlib.util

    if importlib.util.find_spec("optuna") is None:
        raise Unavailable("sweeps need Optuna: pip install 'digit-tui[sweep]'")


def sleeps(seconds: float) -> bool:
    """Wait; nobody asks to give up."""
    sleep(seconds)
    return False


def open_storage(
    place: Place,
    *,
    wait: Wait = sleeps,
    complain: Callable[[str], None] = lambda _: None,
    opening_seconds: float = OPENING_SECONDS,
) -> RetryingStorage:
    """Open a storage, and make it if it is not there.

    Args:
        place: which.
        wait: between two tries while it does not answer.
        complain: is told that it does not.
        opening_seconds: how long it is tried to open it.

    Raises:
        StudyError: if it cannot be opened.
        Unavailable: if a package is missing.
    """
    require_optuna()
    import optuna

    from digit_tui.sweep.retrying import RetryingStorage

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    if place.url is None:
        opened = _journal(place)
    else:
        opened = _database(place.url, wait, complain, opening_seconds)
    return RetryingStorage(opened.storage, opened.troubles, wait, complain, opened.close)


class _Opened(NamedTuple):
    storage: BaseStorage
    troubles: tuple[type[Exception], ...]
    """Errors after which the same may work when it is tried again."""
    close: Callable[[], object]


def _journal(place: Place) -> _Opened:
    from optuna.storages import JournalStorage
    from optuna.storages.journal import JournalFileBackend, JournalFileOpenLock

    from digit_tui.sweep.journal_lock import JournalLock

    path = place.journal
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # Symbolic links are for privileged users there.
        lock = JournalFileOpenLock(str(path)) if sys.platform == "win32" else JournalLock(path)
        _check_journal(path)
        _mend(path, lock)
        backend = JournalFileBackend(str(path), lock_obj=lock)  # type: ignore[arg-type]
        return _Opened(JournalStorage(backend), (OSError, ValueError), lambda: None)
    except OSError as error:
        raise StudyError(f"cannot use {path}: {reason_of(error)}") from error
    except (ValueError, KeyError, AssertionError) as error:
        raise StudyError(f"{path} is damaged: {error}") from error


def _check_journal(path: Path) -> None:
    """Do not write into a file of somebody else's.

    Raises:
        StudyError: if it is one.
    """
    with contextlib.suppress(FileNotFoundError), open(path, "rb") as file:
        head = file.read(len(_HEAD))
        if head and head != _HEAD[: len(head)]:
            raise StudyError(f"{path} is no journal of a sweep: it is left as it is")


def _mend(path: Path, lock: object) -> None:
    """Remove the beginning of a line at the end, which a machine left that lost its power.

    Optuna would refuse to read on from there.
    """
    from optuna.storages.journal._file import BaseJournalFileLock

    with contextlib.suppress(FileNotFoundError), open(path, "rb+") as file:
        if not _torn(file.fileno()):
            return
        held: BaseJournalFileLock = lock  # type: ignore[assignment]
        held.acquire()
        try:
            if _torn(file.fileno()):
                content = path.read_bytes()
                file.truncate(content.rfind(b"\n") + 1)
        finally:
            held.release()


def _torn(descriptor: int) -> bool:
    size = os.fstat(descriptor).st_size
    if not size:
        return False
    os.lseek(descriptor, size - 1, os.SEEK_SET)
    return os.read(descriptor, 1) != b"\n"


def _database(
    url: str, wait: Wait, complain: Callable[[str], None], opening_seconds: float
) -> _Opened:
    import warnings

    import sqlalchemy
    from optuna.exceptions import StorageInternalError
    from optuna.storages import RDBStorage, get_storage

    scheme, _, rest = url.partition("://")
    options: dict[str, object] = {"timeout": LOCKED_SECONDS}
    if scheme in POSTGRESQL:
        import importlib.util

        if importlib.util.find_spec("psycopg") is None:
            raise Unavailable("PostgreSQL needs a driver: pip install 'digit-tui[postgresql]'")
        url = f"postgresql+psycopg://{rest}"
        options = {"connect_timeout": CONNECT_SECONDS}
    shown = without_password(url)
    begun, pause = monotonic(), 0.2
    while True:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                storage = RDBStorage(
                    url, engine_kwargs={"pool_pre_ping": True, "connect_args": options}
                )
            close = storage.engine.dispose
            return _Opened(get_storage(storage), (sqlalchemy.exc.SQLAlchemyError,), close)
        except (sqlalchemy.exc.SQLAlchemyError, StorageInternalError, RuntimeError) as error:
            # Two workers that make the tables at once: one of them is refused.
            cause = " ".join(str(getattr(error, "orig", None) or error).split())[:300]
            if monotonic() - begun > opening_seconds or wait(pause):
                raise StudyError(f"cannot use {shown}: {cause}") from error
            if pause > 1:
                complain(f"cannot open the storage, trying again: {cause}")
            pause = min(2 * pause, 3.0)
        except ImportError as error:
            raise Unavailable(f"{shown} needs the package {error.name}") from error
