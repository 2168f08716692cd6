"""What the tests of sweeps share."""

from __future__ import annotations

from support.sweeps import make_sweep as make_sweep
