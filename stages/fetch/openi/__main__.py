"""Look after the Open-i collection in data/raw, by the parameters in params.yaml."""

import argparse
from pathlib import Path

from stages.common import console, params, paths
from stages.common.errors import UserError
from stages.fetch.openi import archive, plan
from stages.fetch.openi.collect import Work


def show_plan(work: Work) -> str:
    """Say what would be fetched, with how many requests and how long; asks nothing."""
    return f"plan: {plan.make(work)}"


def verify(work: Work) -> str:
    """Check every file of data/raw against its lock file, and the lock file against the manifest; asks nothing."""
    manifest = work.manifest()
    if manifest is None or not work.store.lock.is_file():
        raise UserError("data/raw does not hold the complete collection of these parameters; run `dvc repro fetch`")
    problems = [f"{name} is {problem}" for name, problem in work.store.differences()]
    gone = {image.image_id for image in work.chosen(manifest)} - work.present() - work.store.read_missing().keys()
    problems += [f"{image_id} is not there" for image_id in sorted(gone)]
    if problems:
        more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        raise UserError(f"{problems[0]}{more}; run `python -m stages.fetch.openi repair`")
    return f"{len(work.present())} images and their tables are as the lock file says"


def repair(work: Work) -> str:
    """Fetch what verify finds wrong, and what a partial run could not get; the rest stays."""
    before = work.store.read_lock()
    work.collect()
    after = work.store.read_lock()
    changed = sum(digest != before.get(name) for name, digest in after.items())
    requests = work.counts.metrics()["requests"]
    return f"{len(work.present())} images are there, {requests} requests; {changed} files are other than before"


def compare(work: Work, reports: Path | None) -> str:
    """Compare the index terms in data/raw with those of a report archive."""
    manifest = work.manifest()
    if manifest is None:
        raise UserError("data/raw holds no listing yet; run `dvc repro fetch`")
    source = reports or work.inbox / archive.REPORTS
    theirs = {image.image_id: image.majors for image in archive.read_reports(source).images}
    ours = {image.image_id: image.majors for image in manifest}
    wrong = sorted(name for name in ours.keys() & theirs.keys() if ours[name] != theirs[name])
    alone = sorted(ours.keys() ^ theirs.keys())
    if wrong or alone:
        raise UserError(
            f"{len(wrong)} images have other labels than in {source} ({', '.join(wrong[:3])}), "
            f"{len(alone)} are in one only ({', '.join(alone[:3])})"
        )
    return f"all {len(ours)} images have the labels of {source}"


def main() -> str:
    """Run the command that was asked for."""
    parser = argparse.ArgumentParser(prog="python -m stages.fetch.openi", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    for name, command in (("plan", show_plan), ("verify", verify), ("repair", repair), ("compare", compare)):
        subparser = commands.add_parser(name, help=command.__doc__)
        subparser.set_defaults(run=command)
    subparser.add_argument("--reports", type=Path, help=f"the archive; default: {archive.REPORTS} in source.path")
    given = parser.parse_args()
    source = params.load().source
    if source.kind != "openi":
        raise UserError(f"source.kind is {source.kind}; set it to openi (see recipes/openi.yaml)")
    work = Work(source.openi, Path(source.path), paths.RAW)
    return given.run(work, given.reports) if given.command == "compare" else given.run(work)


if __name__ == "__main__":
    console.run("fetch", main)
