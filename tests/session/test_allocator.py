import os
import subprocess
import sys
import textwrap

import pytest

HOLES = textwrap.dedent(
    """
    from pathlib import Path

    from digit_tui.session.allocator import give_free_memory_back

    def resident():
        return int(Path("/proc/self/statm").read_text().split()[1]) * 4_096

    blocks = [bytearray(60_000) for _ in range(2_000)]
    del blocks[::2], blocks[:-1:2]  # the last one lives on, at the end
    before = resident()
    give_free_memory_back()
    print((before - resident()) // 2**20)
    """
)


@pytest.mark.skipif(
    not hasattr(os, "confstr") or "CS_GNU_LIBC_VERSION" not in os.confstr_names,
    reason="only the GNU C library has such a function",
)
def test_what_was_freed_goes_back_to_the_system():
    outcome = subprocess.run([sys.executable, "-c", HOLES], capture_output=True, text=True)
    assert int(outcome.stdout) > 20, outcome.stderr  # MiB
