"""The place between two requests: there people act, time passes, and Tandem may be killed.

Every HTTP request of both connectors passes ``urllib3``; every step of the ledger is a transaction of SQLAlchemy.
A kill is a :class:`Killed` that nothing in Tandem catches. Whoever is dead neither sends nor stores anything any
more, whatever ``finally`` and ``except`` may try.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from unittest import mock

from sqlalchemy import Engine, event
from urllib3.connectionpool import HTTPConnectionPool

#: From here on an answer says nothing about what was done.
_BROKEN = 500


class Killed(BaseException):
    """SIGKILL, as far as one process can do it to itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What is sent."""

    port: int | None
    method: str
    url: str
    body: bytes | str | None

    def __str__(self) -> str:
        return f"{self.method} {self.url}"

    def names(self, record: str) -> bool:
        """Does it speak of this record?"""
        body = self.body.decode() if isinstance(self.body, bytes) else self.body or ""
        return record in self.url or record in body


def _nothing() -> None:
    """Nobody is there."""


def _nobody(_clear: bool) -> None:
    """Nobody is there."""


@dataclass(slots=True, kw_only=True)
class Tap:
    """Counts the steps of a history and lets things happen between them."""

    #: Called before each request that is sent.
    between: Callable[[], None] = _nothing
    #: Called where the CRM is done with a request and Tandem still waits for the answer; with whether a good one comes.
    meanwhile: Callable[[bool], None] = _nobody
    #: Called where the process stores something.
    stored: Callable[[], None] = _nothing
    #: Method and path of every request that was sent.
    sent: list[tuple[str, str]] = field(default_factory=list)
    #: Steps (requests before and after, commits before and after) until the process dies; None: it lives.
    fuse: int | None = None
    dead: bool = False
    #: The request that is about to be sent.
    request: Request = field(default_factory=lambda: Request(port=None, method="", url="", body=None))
    _away: bool = False

    def step(self) -> None:
        """One more moment at which a process can die."""
        if self.dead:
            raise Killed
        if self.fuse is not None:
            self.fuse -= 1
            if self.fuse < 0:
                self.dead, self.fuse = True, None
                raise Killed

    @contextlib.contextmanager
    def looking_away(self) -> Iterator[None]:
        """Another process works: its steps are none of ours."""
        fuse, self.fuse, self._away = self.fuse, None, True
        yield
        self.fuse, self._away = fuse, False

    def commit(self) -> None:
        """The process stores something, unless it dies right before."""
        self.step()
        if not self._away:
            self.stored()

    def revive(self) -> None:
        """The next process."""
        self.dead, self.fuse = False, None


@contextlib.contextmanager
def tapped(tap: Tap) -> Iterator[None]:
    """Let every request and every transaction of this process pass the tap."""
    real = HTTPConnectionPool.urlopen

    def urlopen(pool: HTTPConnectionPool, method: str, url: str, *rest: Any, **more: Any) -> Any:
        tap.step()
        body = more.get("body", rest[0] if rest else None)
        tap.request = Request(port=pool.port, method=method, url=url, body=body)
        tap.between()
        tap.sent.append((method, url))
        clear = False
        try:
            answer = real(pool, method, url, *rest, **more)
            clear = answer.status < _BROKEN
        finally:
            tap.meanwhile(clear)
        tap.step()
        return answer

    def on_begin(_connection: Any) -> None:
        tap.step()

    def on_commit(_connection: Any) -> None:
        tap.commit()

    event.listen(Engine, "begin", on_begin)
    event.listen(Engine, "commit", on_commit)
    try:
        with mock.patch.object(HTTPConnectionPool, "urlopen", urlopen):
            yield
    finally:
        event.remove(Engine, "begin", on_begin)
        event.remove(Engine, "commit", on_commit)
