"""The demonstration is the main job: real receipts through a real hub process, counted from the archives."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ACCEPTED = 324  # of the 400 real receipts of 2020, those that today's law lets a web shop send


def played(data: Path, *arguments: str) -> dict[str, float]:
    """Run ``chekpoint demo --once --json`` and return its table."""
    call = [sys.executable, "-m", "chekpoint", "demo", "--once", "--json", "--data", str(data), *arguments]
    done = subprocess.run(call, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr + done.stdout
    table: dict[str, float] = json.loads(done.stdout)
    return table


@pytest.mark.timeout(300)
def test_every_real_receipt_is_registered_once_and_proven_at_the_operator(tmp_path: Path) -> None:
    table = played(tmp_path, "--pace", "0")
    assert table["accepted"] == table["fiscalised"] == table["ticketed"] == ACCEPTED
    assert (table["lost"], table["doubled"]) == (0, 0)


@pytest.mark.timeout(300)
def test_a_storm_of_faults_loses_and_doubles_nothing(tmp_path: Path) -> None:
    table = played(tmp_path, "--pace", "0", "--faults", "--seed", "7")
    assert table["accepted"] == table["fiscalised"] == table["ticketed"] == ACCEPTED
    assert (table["lost"], table["doubled"]) == (0, 0)


def test_a_port_that_is_taken_is_told_in_words(tmp_path: Path) -> None:
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        call = ["demo", "--data", str(tmp_path), "--port", str(taken.getsockname()[1])]
        done = subprocess.run(
            [sys.executable, "-m", "chekpoint", *call],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    assert done.returncode == 1
    assert "--port" in done.stderr
    assert "Traceback" not in done.stderr
