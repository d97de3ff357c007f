"""How a stage fails, and how it ends when the one who started it ends."""

import contextlib
import signal
import subprocess
import sys
import time

import psutil
import pytest

from tests import factories

SECONDS = 20  # to wait for what should happen at once


def stage(body):
    """Arguments of a process that runs `body` as a stage named probe."""
    code = f"""
import sys, time
from pathlib import Path
from stages.common import console, files
from stages.common.errors import NetworkError, UserError

def main():
{chr(10).join("    " + line for line in body.strip().splitlines())}

console.run("probe", main)
"""
    return ["-c", code]


@pytest.mark.parametrize(
    ("body", "code", "said"),
    [
        ("raise UserError('set `a` to b')", 1, "probe: error: set `a` to b\n"),
        ("raise NetworkError('no way out')", 3, "probe: error: no way out\n"),
        ("raise UserError('two\\n   lines')", 1, "probe: error: two lines\n"),
        ("raise KeyboardInterrupt", 130, "probe: error: interrupted; run `dvc repro` again to go on\n"),
        ("Path('missing.csv').read_text()", 1, "probe: error: No such file or directory: missing.csv; check the path"),
        ("open('/dev/full', 'w').write('x' * 100_000)", 1, "probe: error: No space left on device"),
        ("import h5py; h5py.File('missing.h5')", 1, "probe: error: Unable to synchronously open file"),
    ],
)
def test_what_a_user_can_mend_is_one_line(workspace, body, code, said):
    result = factories.python(*stage(body), folder=workspace)
    assert result.returncode == code
    assert result.stderr.startswith(said)
    assert result.stderr.count("\n") == 1
    assert result.stdout == ""


def test_a_mistake_of_ours_keeps_its_traceback(workspace):
    result = factories.python(*stage("{}['missing']"), folder=workspace)
    assert result.returncode == 1
    assert "Traceback" in result.stderr
    assert "KeyError" in result.stderr


def test_success_is_one_summary_line(workspace):
    result = factories.python(*stage("return '3 images'"), folder=workspace)
    assert (result.returncode, result.stdout, result.stderr) == (0, "probe: 3 images\n", "")


def test_a_missing_permission_is_one_line(workspace):
    nobody = "import os\nif os.getuid() == 0: os.setuid(65534)\nfiles.write_text(Path('closed/table.csv'), 'x')"
    (workspace / "closed").mkdir(mode=0o555)
    for folder in (workspace, *workspace.parents[:-2]):
        with contextlib.suppress(PermissionError):
            folder.chmod(folder.stat().st_mode | 0o055)
    result = factories.python(*stage(nobody), folder=workspace)
    assert result.returncode == 1
    assert result.stderr.startswith("probe: error: Permission denied: ")
    assert "closed" in result.stderr
    assert result.stderr.count("\n") == 1


PARENT = """
import subprocess, sys
with subprocess.Popen(sys.argv[1], shell=True, executable=sys.argv[2]) as child:
    child.wait()
"""
TELL = """
import os
Path('number').write_text(str(os.getpid()))
Path('number').rename('started')
time.sleep(100)
"""


@pytest.mark.parametrize("shell", ["/bin/sh", "/bin/bash"])
@pytest.mark.parametrize("command", ["python code.py", "python code.py; true", "sh -c 'python code.py; true'; true"])
def test_an_orphan_ends_when_its_parent_was_killed(workspace, shell, command):
    """dvc runs a stage through a shell, which may stay between the two and outlive dvc."""
    (workspace / "code.py").write_text(stage(TELL)[1])
    command = command.replace("python", sys.executable)
    with running("-c", PARENT, command, shell) as parent:
        wait_until((workspace / "started").exists)
        orphan = psutil.Process(int((workspace / "started").read_text()))
        assert orphan.is_running()
        parent.send_signal(signal.SIGKILL)
    wait_until(lambda: not orphan.is_running() or orphan.status() == psutil.STATUS_ZOMBIE)


def test_a_stage_lives_on_while_its_parent_does(workspace):
    """More than one round of the watcher, through a shell that stays."""
    (workspace / "code.py").write_text(stage("time.sleep(2.5); return 'done'")[1])
    done = subprocess.run(
        ["/bin/sh", "-c", f"{sys.executable} code.py; true"],
        env=factories.environment(), capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout == "probe: done\n"


def test_two_processes_of_one_stage_never_run_at_once(workspace):
    first_code, second_code = stage(TELL), stage("Path('second').touch(); return 'done'")
    with running(*first_code) as first:
        wait_until((workspace / "started").exists)
        with running(*second_code) as second:
            assert "still running here; waiting" in second.stderr.readline()
            time.sleep(0.3)
            assert not (workspace / "second").exists()
            first.send_signal(signal.SIGKILL)
            assert second.wait(SECONDS) == 0
            assert second.stdout.read() == "probe: done\n"


def test_two_stages_run_side_by_side(workspace):
    with running(*stage(TELL)) as first:
        wait_until((workspace / "started").exists)
        other = stage("return 'done'")[1].replace('"probe"', '"other"')
        assert factories.python("-c", other, folder=workspace).stdout == "other: done\n"
        assert first.poll() is None


def test_progress_gives_every_item_and_no_noise(workspace):
    body = "return str(list(console.progress(iter('abc'), 3, 'letters')))"
    result = factories.python(*stage(body), folder=workspace)
    assert (result.stdout, result.stderr) == ("probe: ['a', 'b', 'c']\n", "")


@contextlib.contextmanager
def running(*arguments):
    """A Python process that has ended when the block has."""
    process = subprocess.Popen(
        [sys.executable, *arguments], env=factories.environment(),
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    with process:
        try:
            yield process
        finally:
            process.kill()


def wait_until(holds):
    end = time.monotonic() + SECONDS
    while not holds():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.05)
