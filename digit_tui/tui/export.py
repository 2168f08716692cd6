"""Writes the digits that are listed on the screen as an HTML page."""

from __future__ import annotations

from pathlib import Path

from digit_tui.data import counted, printable
from digit_tui.export.digit_records import list_facts
from digit_tui.export.mistakes_page import mistakes_page
from digit_tui.export.page_target import write_page
from digit_tui.run.events import Evaluated
from digit_tui.run.wording import epoch_words
from digit_tui.tui.state.listing import Listing
from digit_tui.tui.state.run_model import RunModel

PAGE = "mistakes.html"


def write_list(model: RunModel, evaluated: Evaluated, listing: Listing, listed: str) -> str:
    """Write the page into the run's folder; returns a line for the log.

    Args:
        model: the run; its dataset is loaded.
        evaluated: the evaluation that is shown.
        listing: which digits of it are listed.
        listed: that as text, for the page.
    """
    if model.folder is None:
        return "not written: the run has no folder"
    assert model.dataset is not None
    assert listing.table is not None
    images, _ = model.dataset.split(evaluated.split)
    folder = Path(model.folder)
    facts = list_facts(
        str(folder), model.dataset.name, f"{evaluated.step:,}", listing.table, listed
    )
    title = f"Digits of {folder.name}"
    side, path = model.dataset.side, folder / PAGE
    try:
        content = mistakes_page(
            title, facts, listing.table, listing.order, images, side, listing.order_name
        )
        write_page(path, content)
    except OSError as error:
        return f"not written: {error.strerror}: {printable(str(path))}"
    which = f"{counted(len(listing.order), 'digit')} of epoch {epoch_words(evaluated.epoch)}"
    return f"wrote {which} to {printable(str(path))}"
