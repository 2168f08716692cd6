import os
import subprocess
import sys
import textwrap

import pytest

LARGE_BLOCKS = textwrap.dedent(
    """
    import ctypes
    import sys

    import numpy as np

    from digit_tui.session.allocator import give_large_blocks_back

    class Mallinfo2(ctypes.Structure):  # malloc.h
        names = "arena ordblks smblks hblks hblkhd usmblks fsmblks uordblks fordblks keepcost"
        _fields_ = [(name, ctypes.c_size_t) for name in names.split()]

    def blocks_with_own_pages():
        mallinfo2 = ctypes.CDLL(None).mallinfo2
        mallinfo2.restype = Mallinfo2
        return mallinfo2().hblks

    if sys.argv[1] == "set":
        give_large_blocks_back()
    np.ones(1_000_000)  # freed at once: by default, the threshold is its size from here on
    before = blocks_with_own_pages()
    array = np.ones(700_000)
    print(blocks_with_own_pages() - before)
    """
)


@pytest.mark.skipif(
    not hasattr(os, "confstr") or "CS_GNU_LIBC_VERSION" not in os.confstr_names,
    reason="only the GNU C library has this setting",
)
@pytest.mark.parametrize(("setting", "own_pages"), [("set", "1"), ("default", "0")])
def test_large_blocks_have_pages_of_their_own(setting, own_pages):
    command = [sys.executable, "-c", LARGE_BLOCKS, setting]
    outcome = subprocess.run(command, capture_output=True, text=True)
    assert outcome.stdout.strip() == own_pages, outcome.stderr
