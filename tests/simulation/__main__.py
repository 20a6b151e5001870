# ruff: noqa: T201  (it prints what it found)
"""``python -m tests.simulation --count 1000 --seed 1``: histories, each from its seed, on every core.

A failure is told with its seed as soon as it is there. ``--seed N`` alone plays one history and tells it line by line.
"""

from __future__ import annotations

import argparse
import os
import sys
import time

from tests.simulation.history import UNDOING
from tests.simulation.playing import Played, play, play_many


def main() -> int:
    """Play histories; 1 where one of them broke a law."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--seed", type=int, default=1, help="the first seed")
    parser.add_argument("--count", type=int, default=1, help="how many histories")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="how many processes play")
    parser.add_argument("--keep-going", action="store_true", help="play on after one that failed")
    parser.add_argument(
        "--undoing",
        type=float,
        default=UNDOING,
        metavar="SHARE",
        help="the share of Runs that somebody undoes",
    )
    given = parser.parse_args()
    seeds = range(given.seed, given.seed + given.count)
    if given.count == 1:
        [told] = play(seeds, undoing=given.undoing)
        print(told)
        return 1 if told.faults else 0
    began, whole = time.monotonic(), Played()
    for played in play_many(seeds, given.jobs, undoing=given.undoing):
        whole += played
        for seed, wrong in played.failed:
            print(f"seed {seed}:\n{wrong}", flush=True)
        if played.failed and not given.keep_going:
            break
    failed = [seed for seed, _ in whole.failed]
    print(
        f"{whole.histories:,} histories from seed {given.seed} in {time.monotonic() - began:,.0f} s: "
        f"{whole.runs:,} Runs, {whole.kills:,} kills, {whole.requests:,} requests; {len(failed)} failed {failed[:50]}"
    )
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
