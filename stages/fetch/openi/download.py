"""A large file over HTTP that goes on where it stopped."""

import re
import shutil
from pathlib import Path

import requests

from stages.common import files
from stages.common.errors import NetworkError, UserError
from stages.fetch.openi.client import CHUNK, Client, RefusedError, ThrottledError

GZIP_START = b"\x1f\x8b"


def archive(client: Client, url: str, target: Path, retries: int) -> None:
    """Download a tar.gz file; what came is kept in `<target>.part` and never asked for again.

    Args:
        client: its pace and counts are used.
        url: of the file.
        target: appears when the last byte is there.
        retries: attempts in a row that may bring nothing new.

    Raises:
        NetworkError: the file cannot be had, or not all of it.
        UserError: the disk is too small for it.
    """
    part = _Part(target)
    idle = 0
    while not target.exists():
        before = part.size()
        try:
            _attempt(client, url, part)
        except ThrottledError:
            continue  # the client waits before its next request
        except RefusedError as refused:
            client.counts.refuse(refused.reason)
            idle = 0 if part.size() > before else idle + 1
            if refused.permanent or idle > retries:
                raise NetworkError(f"{url}: {refused}; run again later, or put the file into source.path") from None
            client.counts.add("retries")
            client.wait(max(refused.retry_after, min(2.0**idle, 120.0)))


class _Part:
    """The bytes that came so far, and which version of the file they belong to."""

    def __init__(self, target: Path) -> None:
        self.target = target
        self.path = target.with_name(f"{target.name}.part")
        self._note = target.with_name(f"{target.name}.part.json")

    def size(self) -> int:
        return self.path.stat().st_size if self.path.exists() else 0

    def version(self) -> dict:
        """`validator` and `total` bytes as stated when it was begun."""
        return files.read_json(self._note) if self._note.exists() else {}

    def begin(self, validator: str, total: int | None) -> None:
        """Start from nothing."""
        self.path.unlink(missing_ok=True)
        files.write_json(self._note, {"validator": validator, "total": total})

    def finish(self) -> None:
        """Give the file its name."""
        self.path.replace(self.target)
        self._note.unlink(missing_ok=True)


def _attempt(client: Client, url: str, part: _Part) -> None:
    """One request, for the rest or for all; what it brings is appended."""
    headers = {"Accept-Encoding": "identity"}
    size, version = part.size(), part.version()
    if size and version.get("validator"):
        headers |= {"Range": f"bytes={size}-", "If-Range": version["validator"]}
    with client.stream(url, headers) as response:
        if response.status_code == 200:
            validator = response.headers.get("ETag") or response.headers.get("Last-Modified", "")
            part.begin("" if validator.startswith("W/") else validator, _number(response.headers.get("Content-Length")))
        elif _begins_at(response) != (size, version.get("total")):
            part.begin("", None)
            raise RefusedError("range", "the site does not go on where the file stopped")
        total = part.version()["total"]
        _check_space(part, total)
        _append(client, response, part)
    if total is not None and part.size() != total:
        if part.size() > total:
            part.begin("", None)
        raise RefusedError("truncated", f"{part.size()} of {total} bytes")
    part.finish()


def _append(client: Client, response: requests.Response, part: _Part) -> None:
    with part.path.open("ab") as file:
        while chunk := response.raw.read1(CHUNK):
            if file.tell() == 0 and not chunk.startswith(GZIP_START[: len(chunk)]):
                raise ThrottledError(None) if chunk.lstrip().startswith(b"<") else RefusedError("not_gzip", "no tar.gz")
            file.write(chunk)
            client.counts.add("bytes", len(chunk))


def _check_space(part: _Part, total: int | None) -> None:
    free = shutil.disk_usage(part.target.parent).free
    if total is not None and total - part.size() > free:
        raise UserError(f"{part.target.name} needs {total - part.size()} more bytes, the disk has {free}; make room")


def _begins_at(response: requests.Response) -> tuple[int, int] | None:
    """First byte and total length of a partial answer."""
    match = re.fullmatch(r"bytes (\d+)-\d+/(\d+)", response.headers.get("Content-Range", ""))
    return (int(match[1]), int(match[2])) if match and response.status_code == 206 else None


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isdigit() else None
