"""The hint that is shown while the mouse rests on a title.

A view asks for it only when Textual is about to show one, so drawing knows nothing of it.
"""

from __future__ import annotations

import re
from typing import Any

from textual.errors import NoWidget
from textual.geometry import Offset
from textual.screen import Screen

from digit_tui.tui.key_words import with_keys

TITLES = {
    "Loss": "How wrong the network is: it should fall.",
    "Error": "The part of the digits that is read wrong: it should fall.",
    "Accuracy by": "The accuracy: of trials by a setting, of one trial by its epochs.",
    "Accuracy": "The part of the digits that is read right: it should rise.",
    "Gradient": "How steep the loss is; it should not jump.",
    "Learning": "How far a step goes; the schedule changes it, and so do "
    "{halve_rate} and {double_rate}; {find_rate} finds one.",
    "Images": "How fast it trains.",
    "Log": "What happened, the latest last; {whole_log} shows all of it.",
    "Hardest of": "Mistakes with the highest loss now; a click explains one.",
    "Confusion of": "Rows are the true digits, columns what they are read as.",
    "% of": "Rows are the true digits, columns what they are read as.",
    "Counts": "Rows are the true digits, columns what they are read as.",
    "Change": "More or fewer than before: green is better, red is worse.",
    "Percentage points": "More or less than before: green is better, red is worse.",
    "Weights of": "How many weights of this layer have which value; "
    "{log_counts}: logarithmic counts.",
    "Gradients of": "How many weights have which gradient, over 512 training images.",
    "Activations of": "How often a unit puts out which value, over the test digits.",
    "Excite it most": "The digits for which this unit is most active; a click goes to one.",
    "Pruned": "The accuracy if the smallest of all weights were 0; the run stays as it is.",
    "Map of": "Digits that the network finds alike lie side by side; {embed}: by t-SNE.",
    "Right under": "Digits that are read right, by how much worse they are made; faint: others.",
    "Best ": "The best accuracy of the trials that had ended by then.",
    "Importance": "How much good trials depend on each setting; a click chooses one.",
    "#": "The chosen digit: its number, its label and what it is read as.",
}
"""By the beginning of a title on a border."""
CELL = re.compile(r"\d+ → \d+: ")
CELL_HINT = "The digits that the chosen cell counts; a click explains one."
LISTED = re.compile(r"(mistakes?|digits?)\b")
LISTED_HINT = "The digits that are listed below; {all}, {order} and {filter} choose others."
TRIALS = re.compile(r"\btrials?\b")
TRIALS_HINT = "The trials that are listed below; {sort} and the headings sort, {filter} filters."
LINES = {
    "PageBar": ("The pages of this view ({page} shows the next); which moment they show.",),
    "LayerTable": ("Weights, gradient, update of one step against the weights, and units.",),
    "UnitTiles": ("What is shown, and in which order; the meaning of the colours.",),
    "UnitDetails": (
        "Which unit it is, and whether it is switched off.",
        "Its place in the layer by importance; for how many of the digits it is active.",
        "Its mean activation for the digits of each class; its strongest weights.",
    ),
    "LayerOutputs": ("The units of each layer: the lighter, the more they put out.",),
    "DecidingUnits": (
        "The units that speak most for what it is read as; then the prediction without.",
    ),
    "LogitDifference": ("What makes the one logit higher than the other: the sums are exact.",),
    "MapLegend": ("The chosen digit: its number, its label, what it is read as, how surely.",),
    "RobustnessTable": ("The mean accuracy under each corruption, and the mean of all errors.",),
    "SeenDrawing": ("Each step that makes the drawing like the digits of MNIST.",),
    "DrawingCanvas": ("Press the mouse button and drag, or use arrow keys and {pen}.",),
    "TabBar": ("The views ({next_view}: the next); the data; units of each layer, pixels first.",),
    "StatusLine": (
        "What the run does, and how far it is.",
        "The accuracy: the part read right; its best; where it may lie (95%); its trend.",
        "The optimizer; how far a step goes; how images are deformed, to learn more than these.",
    ),
    "HealthLine": ("What ails the run, its likely cause, and what mends it; a click tells more.",),
    "GapLine": (
        "In what the fork differs; drawings read right before, and by copies not taught them.",
        "Whether that may be chance: McNemar's mid-p test.",
        "How many digits each of them reads right.",
    ),
    "Heading": ("The chosen digit: its number, its label, what it is read as, and doubts.",),
    "Probabilities": (
        "Which guess of the network is the true digit, and by how much it is ahead or behind.",
    ),
    "LifeLine": ("When it was learned and forgotten; below, what it was read as, by epoch.",),
    "WhatIf": ("What it would be read as if it were written a little differently.",),
    "NeighbourRow": ("The training digits that look most alike to the network.",),
    "SweepStatus": (
        "What the sweep does, how far it is, who works, and its best trial.",
        "How many trials are in which state.",
    ),
    "SweepProgress": ("How much of the budget is used, and how long it may still take.",),
    "BestTrials": (
        "What is used of the budget, and what is left of it.",
        "The best trials, and the settings in which they differ.",
    ),
    "ProgressLine": ("How much of the run is done, and how long it will still take.",),
}
"""By the type of a widget, for its first lines."""


def hint_at(screen: Screen[Any], position: Offset) -> str | None:
    """The hint of the title at a position of the screen, if there is a title.

    Args:
        screen: a view.
        position: on the screen.
    """
    try:
        widget, region = screen.get_widget_at(*position)
    except NoWidget:
        return None
    if position.y == region.y and widget.border_title:
        hint = title_hint(str(widget.border_title))
        return hint and with_keys(screen.app, hint)
    lines = LINES.get(type(widget).__name__, ())
    row = position.y - widget.content_region.y
    return with_keys(screen.app, lines[row]) if 0 <= row < len(lines) else None


def title_hint(title: str) -> str | None:
    """The hint of a title on a border; None if there is none."""
    for beginning, hint in TITLES.items():
        if title.startswith(beginning):
            return hint
    if CELL.match(title):
        return CELL_HINT
    if TRIALS.search(title):
        return TRIALS_HINT
    return LISTED_HINT if LISTED.search(title) else None
