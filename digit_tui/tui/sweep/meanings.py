"""What the symbols and words of a sweep's screen mean, each in a short line, for the help."""

from __future__ import annotations

from digit_tui.tui.screens.meanings import Meaning

TRIALS = (
    Meaning("trial", "its number: settings that are tried, in runs"),
    Meaning("▶ running", "a worker trains it now"),
    Meaning("✓ complete", "trained to its end: its accuracy counts"),
    Meaning("▾ pruned", "ended early: others were better at that epoch"),
    Meaning("✗ failed", "it diverged or could not be trained"),
    Meaning("… waiting", "no worker has it yet, or its worker was lost"),
    Meaning("lr, optimizer, ...", "settings that vary, the most important first"),
    Meaning("epoch 3/12", "epochs that it has been trained, and is to be"),
    Meaning("accuracy", "on held-out images; the mean over its seeds"),
    Meaning("curve ▁▃▆█", "its accuracy by epoch, from lowest to highest"),
    Meaning("time", "since a worker began with it"),
    Meaning("worker", "the process that trains it, and where"),
    Meaning("accuracy▾", "sorted by it, the highest first; ▴ the lowest"),
    Meaning("3 of 60 trials, ...", "a filter is on; {filter} changes it, {back} lifts it"),
    Meaning("▸", "the chosen trial: {open_trial}, or a click, opens it"),
)
BEST = (
    Meaning("Best so far by trial", "the best accuracy after so many trials"),
    Meaning("Best so far by time", "the same, by the time since the sweep began"),
    Meaning("Budget", "trials and time that are used, and that there are"),
    Meaning("1  98.12%  trial 7", "the best trials; then in what they differ"),
    Meaning("All 3", "the settings that the best trials have in common"),
)
SETTINGS = (
    Meaning("Importance 71%", "how much good trials depend on a setting"),
    Meaning("· instead of a bar", "not known: too few trials, or all alike"),
    Meaning("▸", "what the chart is about ({setting_left} {setting_right})"),
    Meaning("Accuracy by lr (log)", "a point a trial; (log): equal factors"),
    Meaning("●", "complete trials"),
    Meaning("○", "pruned trials, at the epoch where they ended"),
    Meaning("+", "running trials, so far"),
    Meaning("B │", "the best trial"),
    Meaning("1 sgd  2 adam", "what the numbers on the axis stand for"),
)
EVERYWHERE = (
    Meaning("▶ running  ⏸ paused", "whether its workers train; {pause} switches"),
    Meaning("… waiting", "no worker trains now"),
    Meaning("■ saving", "workers save their runs; {quit} waits no longer"),
    Meaning("✓ finished", "the budget is used, all trials have ended"),
    Meaning("■ ended", "no worker is left here; the budget is not used up"),
    Meaning("12 of 60 trials", "that have ended, and that there may be"),
    Meaning("3 workers", "that train now; {remove_worker} and {add_worker}: here"),
    Meaning("best 98.12%", "the highest accuracy of a complete trial"),
    Meaning("✗ cannot read ...", "the study; it is tried again"),
    Meaning("██▏  13%  1:40 left", "of the budget; the time left is a guess"),
)
MEANINGS = {"Trials": TRIALS, "Best": BEST, "Settings": SETTINGS}
"""Of the views, by the names on their tabs."""
