"""What work costs: on a shared machine processor time is told beside the clock."""

import time
from collections.abc import Callable


def seconds(work: Callable[[], object]) -> tuple[float, float]:
    """What some work takes: by the clock, and of processor time."""
    begun = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - begun[0], time.process_time() - begun[1]
