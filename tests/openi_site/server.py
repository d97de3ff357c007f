"""The server: searches, pictures and tar files."""

import contextlib
import json
import re
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from tests.openi_site import items as site_items
from tests.openi_site import radiograph
from tests.openi_site.faults import COMMON_FAULTS, IMAGE_FAULTS, SEARCH_FAULTS, Faults

THROTTLE_PAGE = (
    b"<!DOCTYPE html>\n<html><head><title>Open-i</title></head><body>" + b"<p>Busy</p>" * 1270 + b"</body></html>"
)
MOST_PER_PAGE = 100


@dataclass(frozen=True)
class Visit:
    """A request as the site saw it."""

    seconds: float  # monotonic clock, when it came
    address: str  # path and query
    outcome: str  # good, or what was done wrong
    host: str
    agent: str


class Site:
    """The site's content, its faults and the log of its visitors.

    Args:
        items: of the search API.
        width: of pictures at size 512; smaller ones are faster to make.
        faults: what goes wrong.
        archives: folder with tar files to serve below /imgs/collections.
        strict_query: refuse an empty query, as the live site may.
        on_visit: called with each visit, for a log outside this process.
    """

    def __init__(
        self,
        items: list[dict],
        width: int = 512,
        faults: Faults | None = None,
        archives: Path | None = None,
        strict_query: bool = False,
        on_visit: Callable[[Visit], None] | None = None,
    ) -> None:
        self.items, self.width, self.archives, self.strict_query = items, width, archives, strict_query
        self.faults = faults or Faults()
        self.visits: list[Visit] = []
        self.address = ""  # while it is served
        self._on_visit = on_visit
        self._by_id = {site_items.image_id(item): item for item in items}
        self._lock = threading.Lock()

    def note(self, visit: Visit) -> None:
        """Log a visit."""
        with self._lock:
            self.visits.append(visit)
            if self._on_visit:
                self._on_visit(visit)

    def search(self, query: dict[str, list[str]]) -> dict:
        """The envelope of a search."""
        words = (query.get("query") or query.get("q") or [""])[0].lower().split()
        if query.get("coll", ["cxr"])[0] not in ("cxr", "iu") or (self.strict_query and not words):
            return {"total": 0, "Query-Error": "Invalid request type."}
        first, last = int(query.get("m", ["1"])[0]), int(query.get("n", ["10"])[0])
        found = [item for item in self.items if all(word in json.dumps(item).lower() for word in words)]
        page = found[first - 1 : min(last, first - 1 + MOST_PER_PAGE)]
        return {
            "min": first,
            "max": first + len(page) - 1,
            "count": len(page),
            "total": len(found),
            "approximage": "false",
            "list": page,
        }

    def picture(self, path: str) -> bytes | None:
        """The PNG at an address, or None."""
        match = re.fullmatch(r"/imgs/(512|150|100)/(\d+)/(\d+)/([\w-]+)\.png", path)
        item = self._by_id.get(match[4]) if match else None
        if item is None or path not in (item["imgLarge"], item["imgGrid150"], item["imgThumb"]):
            return None
        abnormal = item["MeSH"]["major"] != ["normal"]
        return radiograph.png(match[4], self.width * int(match[1]) // 512, abnormal)


@contextlib.contextmanager
def serve(site: Site, certificate: tuple[Path, Path] | None = None, port: int = 0) -> Iterator[str]:
    """Serve until the block ends; yields the base address, also in `site.address`.

    With `certificate` (files of chain and key) by https.
    """

    class Handler(_Handler):
        pass

    Handler.site = site
    server = _Server(("127.0.0.1", port), Handler)
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    site.address = f"{'https' if certificate else 'http'}://127.0.0.1:{server.server_port}"
    try:
        yield site.address
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """A visitor that breaks off is no error of the site."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 60
    site: Site

    def do_GET(self) -> None:
        self.arrived = time.monotonic()
        try:
            self._respond()
        except OSError:  # the visitor has gone: nothing to answer
            self.close_connection = True

    def log_message(self, *_: object) -> None:
        pass

    def _respond(self) -> None:
        path, faults = urlsplit(self.path).path, self.site.faults
        if faults.throttled():
            self._note("throttled")
            self._send(200, "text/html; charset=utf-8", THROTTLE_PAGE)
        elif path in ("/api/search", "/retrieve.php"):
            self._search(faults.draw(self.path, COMMON_FAULTS + SEARCH_FAULTS))
        elif path.startswith("/imgs/collections/"):
            self._archive(path.rsplit("/", 1)[1], faults.draw(self.path, ("server_error", "truncated", "busy")))
        elif (picture := self.site.picture(path)) is not None:
            self._picture(picture, faults.draw(self.path, COMMON_FAULTS + IMAGE_FAULTS))
        else:
            self._not_found()

    def _note(self, outcome: str) -> None:
        """Log the visit; before the answer, so that the visitor finds itself in the log."""
        host, agent = self.headers.get("Host", ""), self.headers.get("User-Agent", "")
        self.site.note(Visit(self.arrived, self.path, outcome, host, agent))

    def _not_found(self) -> None:
        self._note("not found")
        self._send(404, "text/html", b"<html>not found</html>")

    def _search(self, fault: str | None) -> None:
        envelope = self.site.search(parse_qs(urlsplit(self.path).query, keep_blank_values=True))
        if fault in SEARCH_FAULTS and "list" in envelope:
            envelope = self.site.faults.spoil_page(fault, envelope, self.site.items)
        body = json.dumps(envelope, indent=2, ensure_ascii=False).encode()
        self._spoiled("application/json;charset=UTF-8", body, fault)

    def _picture(self, body: bytes, fault: str | None) -> None:
        if fault == "corrupt":
            middle = len(body) // 2
            body = body[:middle] + bytes([body[middle] ^ 0xFF]) + body[middle + 1 :]
        if fault == "cut":
            body = body[: len(body) * 2 // 3]
        if fault == "tiny":
            body = radiograph.png("tiny", 8, False)
        if fault == "not_png":
            body = b"GIF89a" + body[6:]
        self._spoiled("image/png", body, fault)

    def _spoiled(self, kind: str, body: bytes, fault: str | None) -> None:
        """Send a body, with one of the faults that any answer may have."""
        self._note(fault or "good")
        match fault:
            case "server_error":
                self._send(500, "text/html", b"<html>Internal error</html>")
            case "busy":
                self._send(503, "text/html", b"<html>Busy</html>", {"Retry-After": "1"})
            case "timeout":
                time.sleep(self.site.faults.hang_seconds)
                self.close_connection = True
            case "truncated":
                self._head(200, kind, len(body), {})
                self.wfile.write(body[: len(body) // 2])
                self.close_connection = True
            case "drip":
                self._drip(kind, body)
            case "redirect":  # the same machine by another name: a client that follows is seen in the log
                other = self.headers["Host"].replace("127.0.0.1", "localhost")
                self._send(302, kind, b"", {"Location": f"http://{other}{self.path}"})
            case "endless":
                self._endless(kind, body)
            case _:
                self._send(200, kind, body)

    def _drip(self, kind: str, body: bytes) -> None:
        self._head(200, kind, len(body), {})
        end = time.monotonic() + self.site.faults.hang_seconds
        for place in range(len(body)):
            if time.monotonic() > end:
                break
            self.wfile.write(body[place : place + 1])
            time.sleep(0.05)
        self.close_connection = True

    def _endless(self, kind: str, body: bytes) -> None:
        self._head(200, kind, None, {})
        for _ in range(1000):
            self.wfile.write(body[:64] + b"\0" * 65_536)
        self.close_connection = True

    def _archive(self, name: str, fault: str | None) -> None:
        path = (self.site.archives or Path("/nowhere")) / name
        if not path.is_file():
            self._not_found()
            return
        if fault in ("server_error", "busy"):
            self._spoiled("application/x-gzip", b"", fault)
            return
        content, start = path.read_bytes(), 0
        tag = f'"{len(content):x}-{path.stat().st_mtime_ns:x}"'
        wanted = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        if wanted and self.headers.get("If-Range", tag) == tag:
            start = int(wanted[1])
        headers = {"ETag": tag, "Accept-Ranges": "bytes"}
        if start:
            headers["Content-Range"] = f"bytes {start}-{len(content) - 1}/{len(content)}"
        rest = content[start:]
        self._note(f"{fault or 'good'} from {start}")
        self._head(206 if start else 200, "application/x-gzip", len(rest), headers)
        self.wfile.write(rest[: len(rest) // 2] if fault == "truncated" else rest)
        self.close_connection = fault == "truncated"

    def _send(self, status: int, kind: str, body: bytes, headers: dict[str, str] | None = None) -> None:
        self._head(status, kind, len(body), headers or {})
        self.wfile.write(body)

    def _head(self, status: int, kind: str, length: int | None, headers: dict[str, str]) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        if length is None:
            self.send_header("Connection", "close")
        else:
            self.send_header("Content-Length", str(length))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
