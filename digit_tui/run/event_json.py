"""Events as JSON objects: the lines of `--batch --json`, and of a run's journal."""

from __future__ import annotations

import re
from dataclasses import asdict, fields, is_dataclass
from math import isfinite
from typing import Any

from digit_tui.run.events import BranchEvent, Event


def event_to_json(event: Event) -> dict[str, Any]:
    """An event as one JSON object: its class name in snake case, then its plain fields.

    Numbers that JSON cannot express (NaN, infinities) become null. Fields that only apply to some
    runs, or to some events of a kind, are left out where they are None. An event of a fork also has
    `"arm": "fork"`.
    """
    if isinstance(event, BranchEvent):
        return event_to_json(event.event) | {"arm": event.branch}
    name = re.sub(r"(?<!^)(?=[A-Z])", "_", type(event).__name__).lower()
    values: dict[str, Any] = {"event": name}
    for each in fields(event):
        if each.metadata.get("json", True):
            value = getattr(event, each.name)
            if value is None and "if known" in each.metadata:
                continue
            if is_dataclass(value) and not isinstance(value, type):
                value = asdict(value)
            not_in_json = isinstance(value, float) and not isfinite(value)
            values[each.name] = None if not_in_json else value
    return values
