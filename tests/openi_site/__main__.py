"""Serve the stand-in by hand, or for a benchmark in another process."""

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path

from tests.openi_site import items
from tests.openi_site.faults import ALL, Faults
from tests.openi_site.server import Site, Visit, serve


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.openi_site", description=__doc__)
    parser.add_argument("--reports", type=Path, required=True, help="NLMCXR_reports.tgz")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--width", type=int, default=512, help="of a picture at size 512")
    parser.add_argument("--faults", type=float, default=0.0, help="probability of each fault; 0: none")
    parser.add_argument("--throttle-after", type=int, help="good answers until the site throttles")
    parser.add_argument("--throttle-seconds", type=float, default=1.0)
    parser.add_argument("--hang-seconds", type=float, default=3.0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--log", type=Path, help="file that gets a line of JSON for each visit")
    given = parser.parse_args()
    faults = Faults(
        dict.fromkeys(ALL, given.faults),
        given.throttle_after,
        given.throttle_seconds,
        given.hang_seconds,
        seed=given.seed,
    )
    log = given.log.open("a", encoding="utf-8", buffering=1) if given.log else None

    def on_visit(visit: Visit) -> None:
        if log:
            log.write(json.dumps(asdict(visit)) + "\n")

    site = Site(items.read(given.reports), given.width, faults, given.reports.parent, on_visit=on_visit)
    with serve(site, port=given.port) as address:
        print(address, flush=True)
        sys.stdin.read()  # until the starter ends or closes the pipe


if __name__ == "__main__":
    main()
