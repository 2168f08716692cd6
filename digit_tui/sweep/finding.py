"""Studies by their names, folders and URLs."""

from __future__ import annotations

import json
import os
from pathlib import Path

from digit_tui.storage.run_files import sweeps_folder
from digit_tui.sweep.errors import StudyError
from digit_tui.sweep.storages import (
    JOURNAL,
    Place,
    check_study_name,
    check_url,
    is_url,
    open_storage,
    place_of,
    require_optuna,
    without_password,
)

ABOUT = "study.json"
"""In the folder of a study with a database: which one."""


def find_study(name: str, storage: str | None = None, runs: Path | None = None) -> Place:
    """The study that somebody means.

    Args:
        name: of a study in the state directory, its folder, or the URL of a database with one.
        storage: the URL or folder that it is in, if its name is not enough.
        runs: the folder for runs, for a study in a database.

    Raises:
        StudyError: if there is none.
    """
    if is_url(name):
        if storage is not None:
            raise StudyError("give the URL once")
        return place_of(_only_study(name), name, runs)
    if storage is not None:
        return place_of(name, storage, runs)
    folder = Path(name)
    if not (os.sep in name or folder.is_dir()):
        folder = sweeps_folder() / check_study_name(name)
    folder = Path(os.path.abspath(folder))
    if (folder / JOURNAL).exists():
        return place_of(folder.name, str(folder.parent), runs)
    about = folder / ABOUT
    if about.exists():
        try:
            values = json.loads(about.read_text())
            return place_of(values["study"], values["storage"], runs or folder)
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise StudyError(f"{about} cannot be read: {error}") from error
    raise StudyError(
        f"there is no study {name} in {folder.parent}: digit-tui sweep list shows those of this "
        "machine; for one in a database give --storage URL"
    )


def places_here() -> list[Place]:
    """The studies that are known on this machine, by their names."""
    try:
        folders = sorted(each for each in sweeps_folder().iterdir() if each.is_dir())
    except FileNotFoundError:
        return []
    except OSError as error:
        raise StudyError(f"{sweeps_folder()} cannot be read: {error.strerror}") from error
    return [
        find_study(folder.name)
        for folder in folders
        if (folder / JOURNAL).exists() or (folder / ABOUT).exists()
    ]


def _only_study(url: str) -> str:
    """The name of the study in a database, if there is one.

    Raises:
        StudyError: if there is none, or there are several.
    """
    check_url(url)
    require_optuna()
    # The name is not needed to open the storage.
    storage = open_storage(Place("any", url, sweeps_folder()))
    names = [study.study_name for study in storage.get_all_studies()]
    storage.remove_session()
    storage.close()
    if len(names) == 1:
        return names[0]
    shown = without_password(url)
    if not names:
        raise StudyError(f"there is no study in {shown}")
    raise StudyError(
        f"there are several studies in {shown}, {', '.join(names)}: name one, with "
        "--storage and the URL"
    )
