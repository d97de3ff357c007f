"""How a stage starts, speaks, fails and ends."""

import ctypes
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TypeVar

import filelock

from stages.common.errors import UserError

T = TypeVar("T")
LOCKS = Path(".dvc/tmp/lesionmap")


def run(stage: str, main: Callable[[], str | None]) -> None:
    """Run a stage's `main` and end the process with its exit code; `main` returns the one summary line.

    A `UserError`, a full disk or a missing permission ends as one line on stderr. Two processes of one stage never
    run at once: when dvc is killed, its stage ends too, and a new one waits for the old one to be gone.
    """
    end_with_parent()
    try:
        with _only_one(stage):
            summary = main()
    except UserError as error:
        _fail(stage, str(error), error.exit_code)
    except OSError as error:
        if error.filename is None:
            raise
        _fail(stage, f"{error.strerror}: {error.filename}; check the path, its permissions and the free space", 1)
    except KeyboardInterrupt:
        _fail(stage, "interrupted; run `dvc repro` again to go on", 130)
    if summary:
        print(f"{stage}: {summary}", flush=True)


def progress(items: Iterable[T], total: int, what: str) -> Iterator[T]:
    """Yield `items`; show a bar on a terminal, and a plain line every ten seconds elsewhere."""
    from tqdm import tqdm

    if sys.stderr.isatty():
        yield from tqdm(items, total=total, desc=what, unit="", leave=False)
        return
    last = time.monotonic()
    for done, item in enumerate(items, start=1):
        yield item
        if time.monotonic() - last > 10:
            last = time.monotonic()
            print(f"{what}: {done} of {total}", file=sys.stderr, flush=True)


def _fail(stage: str, message: str, code: int) -> None:
    print(f"{stage}: error: {' '.join(message.split())}", file=sys.stderr, flush=True)
    sys.exit(code)


def _only_one(stage: str) -> filelock.FileLock:
    """A lock for the stage in this workspace; the system frees it when its holder dies, however it dies."""
    LOCKS.mkdir(parents=True, exist_ok=True)
    lock = filelock.FileLock(LOCKS / f"{stage}.lock")
    try:
        lock.acquire(timeout=0)
    except filelock.Timeout:
        print(f"{stage}: another process of this stage is still running here; waiting for it to end", file=sys.stderr)
        lock.acquire()
    return lock


def end_with_parent() -> None:
    """End this process when its parent ends (dvc killed with -9 leaves its stage behind as an orphan)."""
    parent = os.getppid()
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGTERM)  # PR_SET_PDEATHSIG
        if os.getppid() != parent:
            os._exit(143)

    def watch() -> None:  # elsewhere there is no such signal; and a shell between dvc and us may live on
        while os.getppid() == parent:
            time.sleep(1)
        os._exit(143)

    threading.Thread(target=watch, daemon=True).start()
