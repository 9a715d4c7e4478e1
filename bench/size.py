"""Size: memory with a long queue, and how soon the commands are there. `python -m bench.size`.

* 100,000 queued receipts and 100 registers in one process: resident memory while receipts are being taken;
* `chekpoint serve` on an existing database, until `/readyz` answers 200;
* `chekpoint --help`, the median of five.
"""

import argparse
import http.client
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

import msgspec

ROOT = Path(__file__).parent.parent
COMMAND = [sys.executable, "-m", "chekpoint"]
TRIES = 5
GOALS = {"resident_mib": 200.0, "serve_ready_seconds": 2.0, "help_seconds": 0.4}


def resident() -> dict[str, float]:
    """MiB, measured by the process itself (bench/size_run.py)."""
    done = subprocess.run(
        [sys.executable, "-m", "bench.size_run"], cwd=ROOT, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr.decode()[-2000:]
    return msgspec.json.decode(done.stdout.splitlines()[-1], type=dict[str, float])


def _environ(folder: str) -> dict[str, str]:
    """With byte code kept from the first start on, as any installation has it; that first start is not counted."""
    return {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"} | {
        "PYTHONPYCACHEPREFIX": folder
    }


def help_seconds() -> float:
    """Median of five."""
    seen = []
    with tempfile.TemporaryDirectory(prefix="chekpoint-size-") as folder:
        for _ in range(TRIES + 1):
            begun = time.perf_counter()
            subprocess.run([*COMMAND, "--help"], stdout=subprocess.DEVNULL, check=True, env=_environ(folder))  # noqa: S603
            seen.append(time.perf_counter() - begun)
    return median(seen[1:])


def serve_seconds() -> float:
    """Median of five starts on a database that exists."""
    with tempfile.TemporaryDirectory(prefix="chekpoint-size-") as folder:
        return median([_start(folder) for _ in range(TRIES + 1)][1:])


def _start(folder: str) -> float:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    environ = _environ(folder) | {"CHEKPOINT_DATA": folder}
    with Path(folder, "log").open("ab") as log:
        begun = time.perf_counter()
        running = subprocess.Popen(  # noqa: S603 - our own command
            [*COMMAND, "serve", "--port", str(port)], stdout=log, stderr=log, env=environ
        )
        try:
            while not _ready(port):
                assert running.poll() is None, Path(folder, "log").read_text("utf-8")[-2000:]
                assert time.perf_counter() - begun < 60, "not ready within a minute"
                time.sleep(0.01)
            return time.perf_counter() - begun
        finally:
            running.send_signal(signal.SIGTERM)
            running.wait(30)


def _ready(port: int) -> bool:
    asked = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        asked.request("GET", "/readyz")
        return asked.getresponse().status == 200
    except OSError:
        return False
    finally:
        asked.close()


def run() -> dict[str, Any]:
    """All three."""
    return {
        **{name: round(value, 1) for name, value in resident().items()},
        "serve_ready_seconds": round(serve_seconds(), 3),
        "help_seconds": round(help_seconds(), 3),
    }


def main() -> dict[str, Any]:
    """Measure and print."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    figures = run()
    for name, value in figures.items():
        print(f"{name:28}{value:>12,}" + (f"   (at most {GOALS[name]:g})" if name in GOALS else ""))
    return figures


if __name__ == "__main__":
    main()
