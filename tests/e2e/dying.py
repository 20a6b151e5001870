"""A command in a process of its own that is killed, and what becomes of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from tests.e2e.crms import Kept
from tests.e2e.nursery import Nursery
from tests.e2e.watching import Watch
from tests.world import World


@dataclass(frozen=True, slots=True)
class Died:
    """What became of a process."""

    code: int
    said: str
    #: What it had asked the CRMs.
    requests: int
    #: What it had stored, the commit before which it died included.
    commits: int


@dataclass(frozen=True, slots=True)
class DyingTandem:
    """What stands before a process begins."""

    kept: Kept
    watch: Watch
    ids: list[dict[str, str]]
    nursery: Nursery

    @property
    def world(self) -> World:
        return self.kept.world

    def begin_anew(self) -> None:
        self.watch.pid = None
        self.kept.bring_back()
        self.world.clock.set(datetime.now(UTC))

    def let_die(self, words: Sequence[str], *, fatal_commit: int = 0, room: int = 0) -> Died:
        """Run a command in a process of its own, until it ends or dies. ``room``: bytes beyond which no file grows."""
        said = self.world.folder / "said.txt"
        self.watch.seen.clear()
        # No request is sent before the lease is taken, a commit or two after the birth; so none goes uncounted.
        self.watch.pid = self.nursery.bear(
            ["--config", str(self.world.config), *words], said, fatal_commit=fatal_commit, room=room
        )
        code, commits = self.nursery.fate()
        self.watch.pid = None
        return Died(
            code=code,
            said=said.read_text(encoding="utf-8"),
            requests=len(self.watch.seen),
            commits=commits,
        )
