"""The whole of Open-i from the stand-in of the site: `python -m benchmarks.openi_crawl` prints one JSON object.

The site is `tests.openi_site` in its own process, rebuilt from the report archive (`LESIONMAP_REAL_DATA`), with every
fault on. Crawled twice: killed (-9) at random moments and started again, and in one go; both must end with the same
bytes. Truth comes from the stand-in: each file is compared with the picture it would give.
"""

import argparse
import bisect
import contextlib
import hashlib
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from stages.fetch import openi
from stages.fetch.openi import archive
from stages.fetch.openi.settings import NetworkSettings, Settings
from tests.openi_site import items as site_items
from tests.openi_site import radiograph

WIDTH = 128  # pixels of a picture: the site's are 512, which only makes this slower


def main() -> None:
    """Print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--faults", type=float, default=0.01, help="probability of each fault")
    parser.add_argument("--images-per-minute", type=float, default=1800.0)
    parser.add_argument("--searches-per-minute", type=float, default=300.0)
    parser.add_argument("--limit", type=int, help="images, for a shorter one")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--worker", nargs=2, type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.worker:
        work(*given.worker)
        return
    with tempfile.TemporaryDirectory() as folder:
        print(json.dumps(measure(given, Path(folder)), indent=2))


def work(settings: Path, raw: Path) -> None:
    """One run of the source, in a process that may be killed."""
    metrics = openi.fetch(Settings.model_validate_json(settings.read_text()), raw.parent, raw)
    raw.with_suffix(".json").write_text(json.dumps(metrics))


def measure(given: argparse.Namespace, folder: Path) -> dict:
    """Crawl twice and compare."""
    data = Path(os.environ.get("LESIONMAP_REAL_DATA", "../shared/data")) / "openi" / archive.REPORTS
    chance = random.Random(given.seed)
    network = NetworkSettings(
        images_per_minute=given.images_per_minute,
        searches_per_minute=given.searches_per_minute,
        connections=4,
        read_timeout=1.0,
        answer_timeout=2.0,
        backoff=0.05,
        pause=1.0,
    )
    port = 0
    runs = {}
    for name, kills in (("killed", given.kills), ("whole", 0)):
        log = folder / f"{name}.log"
        with site(data, log, given.faults, port, seed=given.seed + kills) as address:
            port = int(address.rpartition(":")[2])
            settings = Settings(base_url=address, network=network, limit=given.limit)
            (folder / "settings.json").write_text(settings.model_dump_json())
            started = time.monotonic()
            moments = sorted(chance.randrange(20, given.limit or 7470) for _ in range(kills))
            again = crawl(folder, name, moments, log)
            seconds = time.monotonic() - started
        runs[name] = {"seconds": round(seconds), "kills": kills, "kept_but_asked_again": again}
        runs[name] |= {"wrong_files": wrong_files(data, folder / name), **visits(log, given)}
    metrics = json.loads((folder / "whole.json").read_text())
    names = (
        "images",
        "reports",
        "missing",
        "exact_duplicates",
        "classes",
        "listing",
        "refused",
        "retries",
        "throttles",
    )
    return {
        "collection": {name: metrics[name] for name in names},
        "runs": runs,
        "same_bytes": contents(folder / "killed") == contents(folder / "whole"),
        "files": len(contents(folder / "whole")),
    }


@contextlib.contextmanager
def site(reports: Path, log: Path, faults: float, port: int, seed: int) -> Iterator[str]:
    """The stand-in in its own process; yields its address."""
    command = [
        sys.executable,
        "-m",
        "tests.openi_site",
        "--reports",
        str(reports),
        "--log",
        str(log),
        "--port",
        str(port),
    ]
    command += ["--faults", str(faults), "--throttle-after", "175", "--throttle-seconds", "0.8", "--hang-seconds", "3"]
    command += ["--width", str(WIDTH), "--seed", str(seed)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield process.stdout.readline().strip()
        process.stdin.close()


def crawl(folder: Path, name: str, moments: list[int], log: Path) -> int:
    """Run to the end, killed at these numbers of requests; returns how often something kept was asked for again."""
    again = 0
    command = [sys.executable, "-m", "benchmarks.openi_crawl", "--worker", folder / "settings.json", folder / name]
    for moment in [*moments, None]:
        kept, seen = kept_addresses(folder, name), len(lines(log))
        with subprocess.Popen(command, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL) as process:
            while process.poll() is None:
                time.sleep(0.05)
                if moment is not None and log.read_bytes().count(b"\n") >= moment:
                    process.kill()
        if process.returncode not in (0, -9):
            raise SystemExit(f"the crawl ended with {process.returncode}")
        again += sum(key(visit["address"]) in kept for visit in lines(log)[seen:])
    return again


def kept_addresses(folder: Path, name: str) -> set[str]:
    """What the run has kept: pictures by their image, searches by their positions."""
    pictures = {path.stem for path in (folder / name / "images").glob("*.png")}
    searches = [path.stem.split("-") for path in folder.glob(f".{name}.openi/*/searches/*/1-*.json")]
    positions = {f"/api/search?query=&coll=cxr&it=xg&m={int(first)}&n={int(last)}" for _, first, last in searches}
    return positions | pictures


def key(address: str) -> str:
    """A picture by its image, a search as it is."""
    return Path(address).stem if address.startswith("/imgs") else address


def wrong_files(reports: Path, raw: Path) -> int:
    """Files that are not the very picture the site has for that image."""
    abnormal = {site_items.image_id(item): item["MeSH"]["major"] != ["normal"] for item in site_items.read(reports)}
    paths = list((raw / "images").iterdir())
    return sum(path.read_bytes() != radiograph.png(path.stem, WIDTH, abnormal[path.stem]) for path in paths)


def visits(log: Path, given: argparse.Namespace) -> dict:
    """What the site saw: outcomes, hosts, and the most requests in any minute."""
    seen = lines(log)
    busiest = {}
    for kind, start, limit in (
        ("image", "/imgs", given.images_per_minute),
        ("search", "/api", given.searches_per_minute),
    ):
        seconds = sorted(visit["seconds"] for visit in seen if visit["address"].startswith(start))
        most = max(bisect.bisect_left(seconds, begin + 60) - place for place, begin in enumerate(seconds))
        busiest[kind] = {"most_in_a_minute": most, "limit": limit}
    outcomes = Counter(visit["outcome"] for visit in seen)
    foreign = sum(not visit["host"].startswith("127.0.0.1") for visit in seen)
    return {"requests": len(seen), "outcomes": dict(outcomes.most_common()), "to_other_hosts": foreign} | busiest


def lines(log: Path) -> list[dict]:
    """The visits in a log."""
    return [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []


def contents(folder: Path) -> dict[str, str]:
    """The digest of each file by its path."""
    paths = [path for path in folder.rglob("*") if path.is_file()]
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in paths}


if __name__ == "__main__":
    main()
