"""What a person can do about something: an action in braces, which each front end names its way."""

from __future__ import annotations

from collections.abc import Mapping

Ways = Mapping[str, str]
"""How a front end is asked for each action: by the key "e", or by the line "epochs 10"."""

ALL_DONE = "{epochs} adds ten"
LEAVE = "{quit} leaves"
LATER = "settings take effect in further epochs"
"""What is said of a setting that is changed when all epochs are done."""
TROUBLE = tuple(
    f"{{undo}} {way} {where}"
    for where in ("when it was still good", "the start")
    for way in ("goes back to", "trains on from")
)
"""Out of a trouble: not to the start and to it; each without training on, and with it."""
SPIKE = tuple(f"{each}, {{go}} trains on from here" for each in TROUBLE)
"""The same where the run can be trained on without going back."""
SAME_SETTINGS = "then {halve_rate} halves the rate, {find_rate} finds one"
"""With the same settings the same trouble comes again."""
PAUSED = "{go} trains on"
KEEP_FIRST = "{keep} ends it and keeps one"
FORK_FIRST = "{fork} starts one"
OTHER_VALUE = "{fork} with another value"
NEVER_THERE = "{timeline} lists where it was"
NO_CHANGE = "{timeline} lists other moments to go back to"
LEFT_MOMENT = "{timeline} leads to what was undone"
SAVE_AGAIN = "{save} tries again now"
HELD_OUT = "{held_out} shows the held-out set again"
TEST = "{test} opens the test set"
HEALTH = {
    "undo": "{undo} goes back",
    "halve_rate": "{halve_rate} halves the learning rate",
    "double_rate": "{double_rate} doubles the learning rate",
    "undo_then_rate": "{undo} goes back, then {find_rate} finds a learning rate",
    "slower_start": "{timeline} leads back to the start, {find_rate} finds a rate there",
    "find_rate": "{find_rate} finds a learning rate",
    "clip": "{clip} changes clipping",
    "clip_norm": "{clip_norm} clips the gradient",
    "augment": "{augment} deforms the images",
    "epochs": ALL_DONE,
    "timeline": "{timeline} lists when its loss was lower",
    "stop": "{quit} saves and leaves",
    "restart": "{restart} begins again",
    "data": "{restart} takes other data",
}
"""What helps against a finding of `insight.health`, by the name it has there."""
REMEDIES = (
    *(ALL_DONE, LEAVE, SAME_SETTINGS, PAUSED, KEEP_FIRST, FORK_FIRST, OTHER_VALUE),
    *TROUBLE,
    *SPIKE,
    *(NEVER_THERE, NO_CHANGE, LEFT_MOMENT, SAVE_AGAIN, HELD_OUT, TEST),
    *HEALTH.values(),
)


def with_remedy(text: str, remedy: str, ways: Ways | None) -> str:
    """What happened, and what can be done: "All epochs are done: e adds ten".

    Args:
        text: what happened.
        remedy: what to do, one of `REMEDIES`; "" if there is nothing.
        ways: those of the front end, which may have other words for a whole remedy; None where
            nothing can be asked for.
    """
    if not remedy or ways is None:
        return text
    try:
        advice = ways.get(remedy, remedy).format_map(ways)
    except KeyError:  # this front end has no way to do it
        return text
    mark = ";" if ":" in text else ":"
    return f"{text}{mark} {advice}"
