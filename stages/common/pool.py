"""Work on several items at once."""

import multiprocessing
from concurrent.futures import ProcessPoolExecutor

from stages.common import console


def processes(workers: int) -> ProcessPoolExecutor:
    """Processes that end when this one ends, however it ends. Fresh ones: a fork of a process with threads may hang."""
    return ProcessPoolExecutor(
        workers, mp_context=multiprocessing.get_context("spawn"), initializer=console.end_with_parent
    )
