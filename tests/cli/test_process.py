"""A process of ours lets waiting threads sleep soon, unless it was told otherwise."""

import os
import sys

import pytest

from rivalry.cli.process import settle


@pytest.fixture(autouse=True)
def _untold(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("GOMP_SPINCOUNT", "OMP_WAIT_POLICY"):
        monkeypatch.setenv(name, "")  # so that what a test leaves behind is undone
        monkeypatch.delenv(name)


def test_threads_spin_for_a_while_only() -> None:
    settle()
    assert 1_000 < int(os.environ["GOMP_SPINCOUNT"]) < 100_000


def test_what_the_user_said_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_WAIT_POLICY", "ACTIVE")
    settle()
    assert "GOMP_SPINCOUNT" not in os.environ
    monkeypatch.delenv("OMP_WAIT_POLICY")
    monkeypatch.setenv("GOMP_SPINCOUNT", "7")
    settle()
    assert os.environ["GOMP_SPINCOUNT"] == "7"


@pytest.mark.skipif(sys.platform != "linux", reason="glibc's memory is a matter of Linux")
def test_memory_that_was_freed_is_kept(tmp_path) -> None:
    """Ten blocks of 64 MiB, one after the other: fetched once, not ten times, page by page."""
    import subprocess

    count = (
        "import sys, resource; {}\n"
        "for _ in range(10): bytearray(64 << 20)\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt)"
    )
    told = "from rivalry.cli.process import settle; settle()"
    faults = [
        int(subprocess.run([sys.executable, "-c", count.format(how)], capture_output=True, text=True).stdout)
        for how in (told, "import rivalry.cli.process")
    ]
    assert faults[0] < faults[1] / 2
