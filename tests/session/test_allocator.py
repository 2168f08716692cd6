import os
import subprocess
import sys
import textwrap

import pytest

gnu = pytest.mark.skipif(
    not hasattr(os, "confstr") or "CS_GNU_LIBC_VERSION" not in os.confstr_names,
    reason="only the GNU C library has such a function",
)

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


@gnu
def test_what_was_freed_goes_back_to_the_system():
    outcome = subprocess.run([sys.executable, "-c", HOLES], capture_output=True, text=True)
    assert int(outcome.stdout) > 20, outcome.stderr  # MiB


HEAPS = textwrap.dedent(
    """
    import re
    import sys
    from pathlib import Path
    from threading import Barrier, Thread

    from digit_tui.session.allocator import keep_memory_together

    def heaps():
        # A heap of a thread is at a multiple of its largest size, and begins with what is in use.
        maps = Path("/proc/self/maps").read_text()
        starts = re.findall(r"^([0-9a-f]+)-[0-9a-f]+ rw-p", maps, re.MULTILINE)
        return sum(int(start, 16) % 2**26 == 0 for start in starts)

    if sys.argv[1] == "together":
        keep_memory_together()
    before, all_run = heaps(), Barrier(4)

    def allocate():
        kept = bytearray(60_000)
        all_run.wait()
        all_run.wait()

    threads = [Thread(target=allocate) for _ in range(3)]
    for thread in threads:
        thread.start()
    all_run.wait()
    print(heaps() - before)
    all_run.wait()
    """
)


@gnu
def test_threads_share_one_heap():
    apart, together = (
        int(subprocess.check_output([sys.executable, "-c", HEAPS, way], text=True))
        for way in ("apart", "together")
    )
    assert apart > 0
    assert together == 0


FAULTS = textwrap.dedent(
    """
    from resource import RUSAGE_SELF, getrusage

    from digit_tui.session.allocator import keep_memory_together

    def new_pages():
        return getrusage(RUSAGE_SELF).ru_minflt

    keep_memory_together()
    bytearray(1_600_000)  # a batch of 512 images in float32
    before = new_pages()
    for _ in range(100):
        bytearray(1_600_000)
    print(new_pages() - before)
    """
)


@gnu
def test_arrays_of_a_step_take_no_new_pages_each_time():
    assert int(subprocess.check_output([sys.executable, "-c", FAULTS], text=True)) < 1_000
