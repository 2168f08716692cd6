"""The view of mistakes with the explanation of one digit."""

from __future__ import annotations

from support.rarely import rarely

EXPLAINED = {4: (7, 0.8), 31: (0, 0.99)}
SIZES = [(80, 24), *rarely((120, 40), (60, 20))]
