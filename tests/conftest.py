"""Shared by all tests: one thread for toy networks, and the data next to the checkout where there are any."""

import gc
import itertools
import multiprocessing
import os

os.environ.setdefault("OMP_NUM_THREADS", "1")  # two threads make toy networks many times slower

from collections.abc import Callable, Iterator
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import pytest
import torch

torch.set_num_threads(1)

# The files that take longest, in this order: two processes that begin with them end at about the same time.
LONGEST = (
    "test_contract",
    "test_ranks",
    "test_guards",
    "test_dirac",
    "test_resume",
    "test_translation",
    "test_parallel_lines",
    "test_measuring",
    "test_main_job",
    "test_suite",
    "test_open",
    "test_memorization",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    places = {name: place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: places.get(item.path.stem, len(LONGEST)))


def pytest_collection_finish() -> None:
    """Thousands of tests are objects that live as long as the process: the garbage collector need not look at them."""
    gc.collect()
    gc.freeze()


@pytest.fixture
def shared_data() -> Path:
    """The folder of real data next to the checkout; a test that needs it is skipped where it is absent."""
    folder = Path(__file__).resolve().parents[2] / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("needs ../shared/data, which lies beside this checkout only where data were laid out")
    return folder


@pytest.fixture(scope="session")
def caches(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Places for the caches of the tests, each of which is made when something is kept there."""
    folder, numbers = tmp_path_factory.mktemp("caches"), itertools.count()
    return (folder / str(number) for number in numbers)


@pytest.fixture(autouse=True)
def _own_cache(caches: Iterator[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    """No test reads or writes the user's cache."""
    monkeypatch.setenv("RIVALRY_CACHE", str(next(caches)))


@pytest.fixture(scope="session")
def start() -> Iterator[Callable[..., BaseProcess]]:
    """Start a process at once: it is forked from a server that has imported everything, which takes seconds."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(
        ["torch.optim", "rivalry.cli.app", "rivalry.runs.training", "rivalry.report"]
    )
    started: list[BaseProcess] = []

    def start(job: Callable[..., Any], *args: Any, **given: Any) -> BaseProcess:
        process = context.Process(target=job, args=args, kwargs=given)
        process.start()
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.join()
