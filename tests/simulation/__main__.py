# ruff: noqa: T201  (it prints what it found)
"""``python -m tests.simulation --count 1000 --seed 1``: histories one after the other, each with its seed."""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

from tests import thrift
from tests.simulation.crms import open_crms
from tests.simulation.history import History


def main() -> int:
    """Play histories; 1 where one of them broke a law."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--seed", type=int, default=1, help="the first seed")
    parser.add_argument("--count", type=int, default=1, help="how many histories")
    parser.add_argument("--keep-going", action="store_true", help="play on after one that failed")
    given = parser.parse_args()
    thrift.install()
    thrift.settle()
    began, failed = time.monotonic(), []
    runs = kills = requests = 0
    with tempfile.TemporaryDirectory() as folder, open_crms(Path(folder)) as crms:
        for seed in range(given.seed, given.seed + given.count):
            told = History(crms, seed).play()
            runs, kills, requests = runs + told.runs, kills + told.kills, requests + told.requests
            if given.count == 1:
                print(told)
            if told.faults:
                failed.append(seed)
                if given.count > 1:
                    print("\n".join([f"seed {seed}:", *told.faults]), flush=True)
                if not given.keep_going:
                    break
    took = time.monotonic() - began
    played = seed - given.seed + 1
    print(
        f"{played} histories from seed {given.seed} in {took:.0f} s: {runs} Runs, {kills} kills, {requests} requests; "
        f"{len(failed)} failed {failed[:50]}"
    )
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
