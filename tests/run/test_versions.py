from __future__ import annotations

import numpy as np

from digit_tui.run.versions import versions


def test_the_versions_name_what_decides_the_last_bits() -> None:
    found = versions()
    assert found["numpy"] == np.__version__
    assert all(found.values())
