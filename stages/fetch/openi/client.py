"""A polite HTTP client that gives only answers which hold what they should."""

import contextlib
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeVar
from urllib.parse import urljoin, urlsplit

import requests
import tenacity
import urllib3

from stages.common.errors import NetworkError, UserError
from stages.fetch.openi.pace import Breaker, ExhaustedError, Limiter, Stopper
from stages.fetch.openi.settings import NetworkSettings

T = TypeVar("T")
Kind = Literal["search", "image"]
USER_AGENT = "lesionmap/0.1 (a research pipeline"
LONGEST_BACKOFF = 120.0  # seconds
LONGEST_RETRY_AFTER = 3600.0  # seconds; a site that asks for more is asked again in the next run
MOST_REDIRECTS = 5
MB = 1_000_000
CHUNK = 65_536  # bytes


class RefusedError(Exception):
    """A bad answer. `reason` is one word for the metrics; a `permanent` one would come again."""

    def __init__(self, reason: str, detail: str, permanent: bool = False, retry_after: float = 0.0) -> None:
        super().__init__(detail)
        self.reason, self.permanent, self.retry_after = reason, permanent, retry_after


class ThrottledError(Exception):
    """The site asks us to wait."""

    def __init__(self, retry_after: float | None) -> None:
        super().__init__()
        self.retry_after = retry_after


@dataclass(frozen=True)
class Answer:
    """A whole answer with status 200."""

    body: bytes
    content_type: str  # without parameters, lower case


class Counts:
    """What was asked of the network, for the metrics; safe for threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._values: Counter[str] = Counter()
        self._refused: Counter[str] = Counter()

    def add(self, name: str, amount: int = 1) -> None:
        """Count requests, retries, throttles or bytes."""
        with self._lock:
            self._values[name] += amount

    def refuse(self, reason: str) -> None:
        """Count a bad answer."""
        with self._lock:
            self._refused[reason] += 1

    def metrics(self) -> dict:
        """All counts."""
        names = ("requests", "retries", "throttles", "bytes")
        return {name: self._values[name] for name in names} | {"refused": dict(sorted(self._refused.items()))}


class Client:
    """Asks one host, at a limited rate, and asks again after a bad answer.

    Searches and images have a rate each; a throttle page pauses both. Redirects are followed on the same host only. The
    system's proxy settings (HTTPS_PROXY, NO_PROXY) hold.
    """

    def __init__(self, base_url: str, settings: NetworkSettings, counts: Counts) -> None:
        if settings.ca_bundle and not Path(settings.ca_bundle).is_file():
            raise UserError(f"source.openi.network.ca_bundle: there is no file {settings.ca_bundle}")
        self.counts = counts
        self._base_url = base_url
        self._settings = settings
        self._stopper = Stopper()
        self._limiters = {
            "search": Limiter(settings.searches_per_minute, self._stopper),
            "image": Limiter(settings.images_per_minute, self._stopper),
        }
        self._breaker = Breaker(settings.pause, settings.patience, self._stopper)
        self._local = threading.local()

    def get(
        self, path: str, kind: Kind, accept: Callable[[Answer], T], parameters: dict | None = None, cap: int = 20 * MB
    ) -> T:
        """Ask for `path` until `accept` takes the answer; returns what `accept` returns.

        Args:
            path: from the host's top, or a whole address.
            kind: which rate holds.
            accept: raises `RefusedError` for an answer that is not what was asked for.
            parameters: of the query.
            cap: bytes; a longer answer is refused.

        Raises:
            RefusedError: the last bad answer, when all retries are used up or it is permanent.
            NetworkError: the site throttles or refuses everything: no use to go on now.
        """
        url = requests.Request("GET", urljoin(self._base_url, path), params=parameters).prepare().url
        return self._retrying()(self._attempt, url, kind, accept, cap)

    @contextlib.contextmanager
    def stream(self, url: str, headers: dict[str, str]) -> Iterator[requests.Response]:
        """One request for a large file whose body the caller reads; not asked again here.

        Raises:
            RefusedError: no answer, one that breaks off, or one with a status that is neither 200, 206 nor 416.
            ThrottledError: the site throttles; the next request waits for the pause to be over.
            NetworkError: it throttled too often.
        """
        ticket = self._breaker.enter()
        try:
            with contextlib.closing(self._open(url, "search", headers)) as response, _in_words():
                _check_status(response, (200, 206, 416))
                yield response
        except ThrottledError as throttled:
            self._throttled(ticket, throttled)
            raise
        except BaseException:
            self._breaker.bad(ticket)
            raise
        self._breaker.good(ticket)

    def wait(self, seconds: float) -> None:
        """Sleep, unless the client is stopped."""
        self._stopper.wait(seconds)

    def stop(self) -> None:
        """End all waiting threads."""
        self._stopper.stop()

    def _retrying(self) -> tenacity.Retrying:
        backoff = tenacity.wait_exponential_jitter(
            self._settings.backoff, LONGEST_BACKOFF, jitter=self._settings.backoff
        )

        def wait(state: tenacity.RetryCallState) -> float:
            return max(backoff(state), state.outcome.exception().retry_after)

        return tenacity.Retrying(
            retry=tenacity.retry_if_exception(lambda error: isinstance(error, RefusedError) and not error.permanent),
            stop=tenacity.stop_after_attempt(self._settings.retries + 1),
            wait=wait,
            sleep=self._stopper.wait,
            before_sleep=lambda _: self.counts.add("retries"),
            reraise=True,
        )

    def _attempt(self, url: str, kind: Kind, accept: Callable[[Answer], T], cap: int) -> T:
        """One answer, however long the site makes us wait for it."""
        while True:
            ticket = self._breaker.enter()
            try:
                value = accept(self._answer(url, kind, cap))
            except ThrottledError as throttled:
                self._throttled(ticket, throttled)
            except RefusedError as refused:
                self.counts.refuse(refused.reason)
                self._breaker.bad(ticket)
                raise
            except BaseException:
                self._breaker.bad(ticket)
                raise
            else:
                self._breaker.good(ticket)
                return value

    def _throttled(self, ticket: int, throttled: ThrottledError) -> None:
        self.counts.add("throttles")
        if (throttled.retry_after or 0.0) > LONGEST_RETRY_AFTER:
            hours = throttled.retry_after / 3600
            raise NetworkError(f"{self._base_url} asks to wait {hours:.1f} hours; run again then, what came is kept")
        try:
            pause = self._breaker.throttled(ticket, throttled.retry_after)
        except ExhaustedError:
            raise NetworkError(
                f"{self._base_url} throttles, also after {self._settings.patience} pauses; "
                "run again later, what came is kept"
            ) from None
        if pause >= 10:
            print(f"fetch: the site throttles; going on in {pause:.0f} s", flush=True)

    def _answer(self, url: str, kind: Kind, cap: int) -> Answer:
        deadline = time.monotonic() + self._settings.answer_timeout
        with contextlib.closing(self._open(url, kind, {})) as response, _in_words():
            _check_status(response, (200,))
            body = b"".join(self._chunks(response, deadline, cap))
        _check_length(response, body)
        if body[:64].lstrip().lower().startswith((b"<!doctype", b"<html", b"<head", b"<?xml")):
            raise ThrottledError(None)
        return Answer(body, _content_type(response))

    def _open(self, url: str, kind: Kind, headers: dict[str, str]) -> requests.Response:
        """The beginning of an answer, after redirects on the same host; each request waits for its turn."""
        host = urlsplit(url)[:2]
        for _ in range(MOST_REDIRECTS + 1):
            self._limiters[kind].wait()
            self.counts.add("requests")
            with _in_words():
                response = self._session().get(
                    url,
                    headers=headers,
                    stream=True,
                    allow_redirects=False,
                    timeout=(self._settings.connect_timeout, self._settings.read_timeout),
                    verify=self._settings.ca_bundle,
                )
            if not response.is_redirect:
                return response
            response.close()
            url = urljoin(url, response.headers["Location"])
            if urlsplit(url)[:2] != host:
                raise RefusedError("redirect", f"a redirect to another host ({urlsplit(url).hostname})")
        raise RefusedError("redirect", f"more than {MOST_REDIRECTS} redirects")

    def _chunks(self, response: requests.Response, deadline: float, cap: int) -> Iterator[bytes]:
        """The body as it comes: reading for a full chunk would let a slow drip outlast the deadline."""
        size = 0
        while chunk := response.raw.read1(CHUNK, decode_content=True):
            self._stopper.wait(0)
            size += len(chunk)
            self.counts.add("bytes", len(chunk))
            if size > cap:
                raise RefusedError("too_large", f"an answer of more than {cap} bytes")
            if time.monotonic() > deadline:
                raise RefusedError("timeout", "an answer that drips for too long")
            yield chunk

    def _session(self) -> requests.Session:
        """A session of this thread."""
        if not hasattr(self._local, "session"):
            session = requests.Session()
            contact = f"; {self._settings.contact}" if self._settings.contact else ""
            session.headers["User-Agent"] = f"{USER_AGENT}{contact})"
            self._local.session = session
        return self._local.session


@contextlib.contextmanager
def _in_words() -> Iterator[None]:
    """Turn the libraries' errors into ours."""
    try:
        yield
    except requests.exceptions.SSLError as error:
        raise NetworkError(
            f"the site's certificate is not trusted ({error}); behind a proxy set source.openi.network.ca_bundle"
        ) from None
    except requests.exceptions.Timeout as error:
        raise RefusedError("timeout", f"no answer in time ({error})") from None
    except (
        requests.exceptions.InvalidURL,
        requests.exceptions.InvalidSchema,
        requests.exceptions.InvalidHeader,
    ) as error:
        raise NetworkError(f"the address cannot be asked: {error}") from None
    except requests.exceptions.RequestException as error:
        raise RefusedError("connection", f"no connection ({error})") from None
    except urllib3.exceptions.TimeoutError as error:
        raise RefusedError("timeout", f"the answer stopped coming ({error})") from None
    except urllib3.exceptions.HTTPError as error:
        raise RefusedError("truncated", f"the answer broke off ({error})") from None


def _check_status(response: requests.Response, fine: tuple[int, ...]) -> None:
    """Let pass an answer that may hold what was asked for."""
    status, retry_after = response.status_code, _retry_after(response)
    if status in (403, 429) or (status == 503 and retry_after is not None):
        raise ThrottledError(retry_after)
    if status >= 500:
        raise RefusedError("server", f"status {status}", retry_after=retry_after or 0.0)
    if status in (404, 410):
        raise RefusedError("not_found", f"status {status}", permanent=True)
    if status not in fine:
        raise RefusedError("refused", f"status {status}", permanent=400 <= status < 500)
    if _content_type(response) in ("text/html", "application/xhtml+xml"):
        raise ThrottledError(retry_after)


def _check_length(response: requests.Response, body: bytes) -> None:
    """Refuse a body that is not as long as the header says."""
    stated = response.headers.get("Content-Length", "")
    if stated.isdigit() and "Content-Encoding" not in response.headers and int(stated) != len(body):
        raise RefusedError("truncated", f"{len(body)} of {stated} bytes")


def _content_type(response: requests.Response) -> str:
    return response.headers.get("Content-Type", "").partition(";")[0].strip().lower()


def _retry_after(response: requests.Response) -> float | None:
    """The seconds in `Retry-After`, which may also be a date."""
    value = response.headers.get("Retry-After")
    try:
        return urllib3.Retry().parse_retry_after(value) if value else None
    except urllib3.exceptions.InvalidHeader:
        return None
