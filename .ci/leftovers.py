#!/usr/bin/env python3
"""Runs a command and fails if it leaves anything behind: a process, which may still hold a port, or an entry in
the temporary directory that the command was given. Linux only.

Usage: .ci/leftovers.py COMMAND [ARGUMENT]...
"""

import ctypes
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time

PR_SET_CHILD_SUBREAPER = 36

# A process that was just killed, or that ends when its standard input closes, may take a moment.
GRACE_SECONDS = 10


def adopt_orphans():
    """Makes this process the parent of every orphaned descendant, however it was detached."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl")


def reap():
    """Reaps the children that have ended."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0] != 0:
            pass
    except ChildProcessError:
        pass


def descendants():
    """The ids of all descendant processes, with their command lines."""
    children, lines = {}, {}
    for directory in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            parent = (directory / "stat").read_text().rpartition(")")[2].split()[1]
            line = (directory / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
        except OSError:
            continue  # the process has ended in the meantime
        children.setdefault(int(parent), []).append(int(directory.name))
        lines[int(directory.name)] = line
    found, parents = {}, [os.getpid()]
    while parents:
        below = children.get(parents.pop(), [])
        parents.extend(below)
        found.update((pid, lines[pid]) for pid in below)
    return found


def survivors():
    """Kills the processes that are still running after the grace period and returns them."""
    deadline = time.monotonic() + GRACE_SECONDS
    reap()
    while descendants() and time.monotonic() < deadline:
        time.sleep(0.1)
        reap()
    found = descendants()
    for pid in found:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
    return found


def main(command):
    adopt_orphans()
    temporary = pathlib.Path(tempfile.mkdtemp(prefix="leftovers-"))
    code = subprocess.call(command, env={**os.environ, "TMPDIR": str(temporary)})
    found = [f"process {pid}: {line[:200]}" for pid, line in survivors().items()]
    found += [f"{entry.name} in TMPDIR" for entry in sorted(temporary.iterdir())]
    shutil.rmtree(temporary, ignore_errors=True)
    for leftover in found:
        print(f"left behind: {leftover}", file=sys.stderr)
    return code if code != 0 else int(bool(found))


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1:]))
