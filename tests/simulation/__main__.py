"""``python -m tests.simulation --seeds 1000``, or ``--seed K --verbose`` to see one."""

import argparse
import sys
import time

from tests.simulation.run import Result, Runner


def main() -> int:
    asked = _asked()
    seeds = [asked.seed] if asked.seed is not None else range(asked.first, asked.first + asked.seeds)
    started, failed, virtual = time.perf_counter(), 0, 0.0
    with Runner() as runner:
        for seed in seeds:
            result = runner.run(seed)
            virtual += result.seconds
            failed += result.why is not None
            _say(result, verbose=asked.verbose)
    took = time.perf_counter() - started
    print(f"{len(seeds)} seeds, {failed} failed, {virtual / 3600:.0f} virtual hours in {took:.0f} s")
    return 1 if failed else 0


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--seeds", type=int, default=200, help="how many")
    parser.add_argument("--first", type=int, default=0, help="the first of them")
    parser.add_argument("--seed", type=int, help="only this one")
    parser.add_argument("--verbose", action="store_true", help="print the trace")
    return parser.parse_args()


def _say(result: Result, *, verbose: bool) -> None:
    if verbose:
        print(*result.trace, sep="\n")
    if result.why is not None:
        replay = f"python -m tests.simulation --seed {result.seed}"
        print(f"seed {result.seed} failed: {result.why}; replay: {replay}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
