"""What all tests share: digits, and a home that is not the user's."""

from __future__ import annotations

import gc
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from digit_tui.data import Dataset, load_dataset, own_digits, sources
from digit_tui.storage import run_files

# Fixtures that train small runs.
pytest_plugins = ["support.runs", "support.saved_runs", "support.teaching"]

# Looking for garbage took a fifth of the time of the tests that start the interface.
gc.set_threshold(50_000, 20, 100)

# Ignored where the tests run in the background of a shell script, and in the programs they start.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

MNIST_VARIABLE = "DIGIT_TUI_TEST_MNIST"

# A change is judged by the same examples everywhere, and not by how busy the machine is.
settings.register_profile(
    "everywhere", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("everywhere")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What is marked soak is not long too, as a parameter of a long test may be."""
    for item in items:
        if item.get_closest_marker("soak"):
            item.own_markers = [mark for mark in item.own_markers if mark.name != "long"]


@pytest.fixture(scope="session", autouse=True)
def no_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Keep tests, and the programs they start, out of the user's folders and settings."""
    home = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        for name in list(os.environ):
            if name.startswith("DIGIT_TUI_") and name != MNIST_VARIABLE:
                patch.delenv(name)
        patch.setenv("XDG_STATE_HOME", str(home / "state"))
        patch.setenv("XDG_CACHE_HOME", str(home / "cache"))
        patch.setenv("XDG_DATA_HOME", str(home / "data"))
        patch.setenv("XDG_CONFIG_HOME", str(home / "config"))
        if sys.platform == "darwin":
            patch.setenv("HOME", str(home))
        elif sys.platform == "win32":
            # Windows asks the system, not the environment; a subprocess cannot be told.
            patch.setattr(run_files, "user_state_path", lambda *_, **__: home / "state")
            patch.setattr(run_files, "user_config_path", lambda *_, **__: home / "config")
            patch.setattr(sources, "user_cache_path", lambda *_, **__: home / "cache")
            patch.setattr(own_digits, "user_data_path", lambda *_, **__: home / "data")
        # What a person sees at the first start is in no test but those of that.
        run_files.tips_seen().parent.mkdir(parents=True, exist_ok=True)
        run_files.tips_seen().touch()
        yield home


@pytest.fixture(scope="session")
def full_mnist() -> Path:
    """A folder with the full MNIST."""
    named = os.environ.get(MNIST_VARIABLE)
    folder = Path(named) if named else Path(__file__).parents[2] / "shared" / "mnist"
    if not folder.is_dir():
        pytest.skip(f"no full MNIST: name its folder in {MNIST_VARIABLE}")
    return folder


@pytest.fixture(scope="session")
def sample() -> Dataset:
    """The bundled sample: 4,000 training and 1,000 test digits."""
    return load_dataset("sample")
