"""Two hundred and forty seeds in CI, and the promise that a failing one can be replayed."""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.simulation.run import Result, Runner

CHUNK = 12
SEEDS = 240
ONCE_BROKEN = (269, 1235, 5189, 5443, 5529, 10199, 430)  # each found a way to lose or double a receipt


@pytest.mark.parametrize("first", range(0, SEEDS, CHUNK))
def test_no_seed_loses_doubles_or_lies_about_a_receipt(first: int) -> None:
    with Runner() as runner:
        results = [runner.run(seed) for seed in range(first, first + CHUNK)]
    failed = [_told(result) for result in results if result.why is not None]
    assert not failed, "\n".join(failed)


def test_seeds_that_once_broke_an_invariant_hold() -> None:
    with Runner() as runner:
        failed = [_told(result) for seed in ONCE_BROKEN if (result := runner.run(seed)).why is not None]
    assert not failed, "\n".join(failed)


def _told(result: Result) -> str:
    return f"seed {result.seed} failed: {result.why}; replay: python -m tests.simulation --seed {result.seed} --verbose"


@pytest.mark.parametrize("seed", [3, 8, 17])
def test_the_same_seed_gives_the_same_run_also_in_another_process(seed: int) -> None:
    with Runner() as runner:
        runner.run(seed + 1)  # what ran before makes no difference
        here = _digest("\n".join(runner.run(seed).trace))
    for salt in ("1", "2"):
        assert _elsewhere(seed, salt) == here


def _elsewhere(seed: int, salt: str) -> str:
    """The trace of a process that hashes words otherwise."""
    command = [sys.executable, "-m", "tests.simulation", "--seed", str(seed), "--verbose"]
    environment = os.environ | {"PYTHONHASHSEED": salt}
    root = Path(__file__).parents[2]
    done = subprocess.run(command, cwd=root, env=environment, capture_output=True, check=False, timeout=60)
    return _digest("\n".join(done.stdout.decode().splitlines()[:-1]))  # the last line is the table


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
