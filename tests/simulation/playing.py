"""Many histories, on as many processes as there are cores."""

from __future__ import annotations

import gc
import multiprocessing
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from tests import memory
from tests.simulation.crms import open_crms
from tests.simulation.history import UNDOING, History, Told

#: Histories that a process plays before it tells of them.
_SLICE = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """What came of some histories."""

    histories: int = 0
    runs: int = 0
    kills: int = 0
    requests: int = 0
    #: Seed and what is wrong, of those that broke a law.
    failed: tuple[tuple[int, str], ...] = ()

    def __add__(self, other: Played) -> Played:
        return Played(
            histories=self.histories + other.histories,
            runs=self.runs + other.runs,
            kills=self.kills + other.kills,
            requests=self.requests + other.requests,
            failed=self.failed + other.failed,
        )


def play_many(seeds: Sequence[int], jobs: int, *, undoing: float = UNDOING) -> Iterator[Played]:
    """Play these histories, some at a time; what came of them, in order."""
    parts = [seeds[at : at + _SLICE] for at in range(0, len(seeds), _SLICE)]
    if jobs == 1 or len(parts) == 1:
        yield from map(partial(_play_slice, undoing=undoing), parts)
        return
    # Each process has emulators of its own; they are threads, which do not survive a fork.
    with multiprocessing.get_context("spawn").Pool(jobs) as pool:
        yield from pool.imap(partial(_play_slice, undoing=undoing), parts)


def _play_slice(seeds: Sequence[int], *, undoing: float) -> Played:
    told = play(seeds, undoing=undoing)
    return Played(
        histories=len(told),
        runs=sum(each.runs for each in told),
        kills=sum(each.kills for each in told),
        requests=sum(each.requests for each in told),
        failed=tuple((each.seed, "\n".join(each.faults)) for each in told if each.faults),
    )


def play(seeds: Sequence[int], *, undoing: float = UNDOING) -> list[Told]:
    """Play these histories in this process."""
    with tempfile.TemporaryDirectory(dir=memory.place()) as folder, open_crms(Path(folder)) as crms:
        # What was made until now stays: the garbage collector need not walk through it again and again.
        gc.collect()
        gc.freeze()
        return [History(crms, seed, undoing=undoing).play() for seed in seeds]
