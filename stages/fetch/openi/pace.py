"""When the next request may begin: an even rate, and a pause while the site throttles."""

import threading
import time

LONGEST_PAUSE = 1800.0  # seconds
MARGIN = 1.02  # a request's way to the site is not always equally long: keep this much below the rate


class StoppedError(Exception):
    """The work was stopped while a thread waited."""


class ExhaustedError(Exception):
    """The site kept throttling through all pauses."""


class Stopper:
    """Lets waiting threads end at once."""

    def __init__(self) -> None:
        self._event = threading.Event()

    def stop(self) -> None:
        """Make all present and future waits raise `StoppedError`."""
        self._event.set()

    def wait(self, seconds: float) -> None:
        """Sleep.

        Raises:
            StoppedError: somebody called `stop`.
        """
        if self._event.wait(max(0.0, seconds)):
            raise StoppedError


class Limiter:
    """Spaces the beginnings of requests evenly, so that no minute holds more than `per_minute`.

    The first one waits as well: a run that is killed and started again keeps the rate.
    """

    def __init__(self, per_minute: float, stopper: Stopper) -> None:
        self._interval = 60 / per_minute * MARGIN
        self._next = time.monotonic() + self._interval
        self._lock = threading.Lock()
        self._stopper = stopper

    def wait(self) -> None:
        """Return when the next request may begin."""
        with self._lock:  # held while sleeping: the gap counts from a true beginning to the next
            self._stopper.wait(self._next - time.monotonic())
            self._next = time.monotonic() + self._interval


class Breaker:
    """A circuit breaker that waits: after a throttle page nobody asks until a pause is over, then one probe goes first.

    A good answer to the probe lets everybody go on; another throttle page doubles the pause. Answers to requests that
    were under way when the pause began change nothing.
    """

    def __init__(self, pause: float, patience: int, stopper: Stopper) -> None:
        self._pause, self._patience, self._stopper = pause, patience, stopper
        self._lock = threading.Lock()
        self._until: float | None = None  # None: closed, requests flow
        self._probing = False
        self._episode = 0
        self._strikes = 0

    def enter(self) -> int:
        """Return, when a request may be made, the ticket to hand back with its outcome."""
        while True:
            with self._lock:
                if self._until is None:
                    return self._episode
                wait = self._until - time.monotonic()
                if wait <= 0 and not self._probing:
                    self._probing = True
                    return self._episode
            self._stopper.wait(min(max(wait, 0.05), 1.0))

    def good(self, ticket: int) -> None:
        """The site answered as it should."""
        with self._lock:
            if ticket == self._episode:
                self._until, self._probing, self._strikes = None, False, 0

    def bad(self, ticket: int) -> None:
        """The answer was bad in another way than throttling: a probe tells nothing, let another one go."""
        with self._lock:
            if ticket == self._episode:
                self._probing = False

    def throttled(self, ticket: int, retry_after: float | None) -> float:
        """The site throttles: begin a pause; returns its seconds (0 when one has begun since the request).

        Raises:
            ExhaustedError: too many in a row.
        """
        with self._lock:
            if ticket != self._episode:
                return 0.0
            self._strikes += 1
            if self._strikes > self._patience:
                raise ExhaustedError
            pause = max(min(self._pause * 2 ** (self._strikes - 1), LONGEST_PAUSE), retry_after or 0.0)
            self._until = time.monotonic() + pause
            self._episode += 1
            self._probing = False
            return pause
