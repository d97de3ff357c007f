import threading
import time

import pytest

from stages.fetch.openi.pace import Breaker, ExhaustedError, Limiter, StoppedError, Stopper


def test_requests_of_many_threads_keep_the_gap() -> None:
    """A busy machine notes a beginning late, never early: the k-th comes at least k gaps after the start."""
    started = time.monotonic()
    limiter, begun = Limiter(3000, Stopper()), []

    def ask() -> None:
        for _ in range(5):
            limiter.wait()
            begun.append(time.monotonic())

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    gaps = [(moment - started) / number for number, moment in enumerate(sorted(begun), start=1)]
    assert len(gaps) == 20
    assert min(gaps) > 0.99 * 60 / 3000


def test_after_a_throttle_one_probe_goes_first() -> None:
    breaker = Breaker(0.05, 3, Stopper())
    old = breaker.enter()
    assert breaker.throttled(breaker.enter(), None) == pytest.approx(0.05)
    breaker.good(old)  # was under way before: says nothing about now
    passed: list[int] = []
    probe = breaker.enter()
    other = threading.Thread(target=lambda: passed.append(breaker.enter()))
    other.start()
    other.join(0.2)
    assert not passed
    breaker.good(probe)
    other.join(5)
    assert passed == [probe]


def test_pauses_double_until_patience_ends() -> None:
    breaker = Breaker(0.01, 3, Stopper())
    pauses = [breaker.throttled(breaker.enter(), None) for _ in range(3)]
    assert pauses == pytest.approx([0.01, 0.02, 0.04])
    with pytest.raises(ExhaustedError):
        breaker.throttled(breaker.enter(), None)


def test_the_site_may_ask_for_a_longer_pause() -> None:
    breaker = Breaker(0.01, 3, Stopper())
    first = breaker.enter()
    assert breaker.throttled(first, 0.3) == 0.3
    assert breaker.throttled(first, 0.5) == 0.0  # of the same episode


def test_a_probe_that_fails_otherwise_lets_another_go() -> None:
    breaker = Breaker(0.01, 3, Stopper())
    breaker.throttled(breaker.enter(), None)
    breaker.bad(breaker.enter())
    breaker.good(breaker.enter())
    assert breaker.enter() == breaker.enter()


def test_waiting_threads_can_be_stopped() -> None:
    stopper = Stopper()
    breaker = Breaker(1000, 3, stopper)
    breaker.throttled(breaker.enter(), None)
    threading.Timer(0.05, stopper.stop).start()
    with pytest.raises(StoppedError):
        breaker.enter()
