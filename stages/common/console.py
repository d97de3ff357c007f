"""How a stage starts, speaks, fails and ends."""

import ctypes
import itertools
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TypeVar

import filelock
import psutil

from stages.common.errors import UserError

T = TypeVar("T")
LOCKS = Path(".dvc/tmp/lesionmap")
SHELLS = ("sh", "bash", "dash", "ash", "zsh", "ksh", "fish")


def run(stage: str, main: Callable[[], str | None]) -> None:
    """Run a stage's `main` and end the process with its exit code; `main` returns the one summary line.

    A `UserError`, a full disk or a missing permission ends as one line on stderr. Two processes of one stage never
    run at once: when dvc is killed, its stage ends too, and a new one waits for the old one to be gone.
    """
    end_with_parent()

    def alone() -> str | None:
        with _only_one(stage):
            return main()

    command(stage, alone, "interrupted; run `dvc repro` again to go on")


def command(name: str, main: Callable[[], str | None], interrupted: str = "interrupted") -> None:
    """Run a command that is no stage: as `run`, but it outlives its parent, and several may run at once."""
    try:
        summary = main()
    except UserError as error:
        _fail(name, str(error), error.exit_code)
    except OSError as error:
        if error.errno is None:  # not from the system: a library's own mistake, or ours
            raise
        where = f": {error.filename}" if error.filename else ""  # a full disk names no file
        _fail(name, f"{error.strerror}{where}; check the path, its permissions and the free space", 1)
    except KeyboardInterrupt:
        _fail(name, interrupted, 130)
    if summary:
        print(f"{name}: {summary}", flush=True)


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


def _only_one(stage: str) -> AbstractContextManager:
    """A lock for the stage in this workspace; the system frees it when its holder dies, however it dies."""
    LOCKS.mkdir(parents=True, exist_ok=True)
    lock = filelock.FileLock(LOCKS / f"{stage}.lock")
    try:
        return lock.acquire(timeout=0)
    except filelock.Timeout:
        print(f"{stage}: another process of this stage is still running here; waiting for it to end", file=sys.stderr)
        return lock.acquire()


def end_with_parent() -> None:
    """End this process when its parent ends (dvc killed with -9 leaves its stage behind as an orphan)."""
    parent = os.getppid()
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGTERM)  # PR_SET_PDEATHSIG
        if os.getppid() != parent:
            os._exit(143)

    line = _line_of_parents()

    def watch() -> None:  # elsewhere there is no such signal, and a shell between dvc and us lives on
        while all(_parent(child) == parent for child, parent in itertools.pairwise(line)):
            time.sleep(1)
        os._exit(143)

    threading.Thread(target=watch, daemon=True).start()


def _line_of_parents() -> list[int]:
    """This process, its parent, and as long as that is a shell for one command (`sh -c ...`), the next one up."""
    line = [os.getpid(), os.getppid()]
    while _is_shell_command(line[-1]) and (parent := _parent(line[-1])):
        line.append(parent)
    return line


def _is_shell_command(number: int) -> bool:
    try:
        words = psutil.Process(number).cmdline()
    except psutil.Error:
        return False
    return len(words) > 1 and Path(words[0]).name in SHELLS and "-c" in words[1:3]


def _parent(number: int) -> int | None:
    try:
        return psutil.Process(number).ppid()
    except psutil.Error:
        return None
