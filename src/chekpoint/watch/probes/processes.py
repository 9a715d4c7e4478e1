"""A program that is ended with everything it has started, when its time is up."""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

_PROC: Final = Path("/proc")
_PASSED: Final = (
    "PATH",
    "HOME",
    "LANG",
    "LC_ALL",
    "CHROMIUM_PATH",
    "PLAYWRIGHT_BROWSERS_PATH",
    "PYTHONPATH",
    "FONTCONFIG_PATH",
)


class TimeIsUp(Exception):
    """The program was ended."""


def surroundings(environ: Mapping[str, str], folder: Path) -> dict[str, str]:
    """What of our environment a browser needs; no setting of ours is among it. ``folder``: for what it leaves lying."""
    kept = {name: environ[name] for name in _PASSED if name in environ}
    return kept | {"TMPDIR": str(folder), "PYTHONUNBUFFERED": "1"}


async def run(module: str, given: bytes, *, limit: float, folder: Path) -> tuple[int, bytes, bytes]:
    """Run ``python -m module``; (exit code, stdout, stderr). Raises TimeIsUp after ``limit`` seconds, OSError."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", module, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE, env=surroundings(os.environ, folder), start_new_session=True,
    )  # fmt: skip
    try:
        async with asyncio.timeout(limit):
            out, err = await process.communicate(given)
    except TimeoutError as error:
        raise TimeIsUp from error
    finally:
        if process.returncode is None:
            end(process.pid)
            await process.wait()
    return process.returncode or 0, out, err


def end(root: int) -> None:
    """Kill a process and all that came from it: a browser begins sessions of its own, and outlives its parent."""
    for pid in (root, *descendants(root)):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, signal.SIGKILL)


def descendants(root: int) -> list[int]:
    """Children, their children and so on, as the kernel tells; [] where there is no /proc."""
    parents: dict[int, list[int]] = {}
    for entry in _PROC.glob("[0-9]*") if _PROC.is_dir() else ():
        with contextlib.suppress(OSError, ValueError, IndexError):
            after_name = (entry / "stat").read_text("utf-8", "replace").rpartition(")")[2].split()
            parents.setdefault(int(after_name[1]), []).append(int(entry.name))
    found, left = [], [root]
    while left:
        children = parents.get(left.pop(), [])
        found += children
        left += children
    return found
