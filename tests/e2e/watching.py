"""Stands before both CRMs, and lets a process die in the middle of what it asks them."""

from __future__ import annotations

import os
import re
import signal
import threading
from dataclasses import dataclass, field

from starlette.types import ASGIApp, Message, Receive, Scope, Send


@dataclass
class Watch:
    """Stands before both CRMs, counts what they are asked, and lets the asking process die at one request."""

    pid: int | None = None
    at: int = 0
    #: ``before`` the CRM has it, or ``after``, when the CRM is done and nobody was told.
    moment: str = "before"
    signal: signal.Signals = signal.SIGKILL
    #: Only these count: ``writes`` or all.
    writes: bool = False
    #: Only requests that fit this regular expression count, such as ``^POST /crm``.
    only: str = ""
    seen: list[str] = field(default_factory=list)
    #: Those of them that change something.
    wrote: list[str] = field(default_factory=list)
    #: The signal was sent.
    struck: threading.Event = field(default_factory=threading.Event)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def over(self, app: ASGIApp) -> ASGIApp:
        async def watched(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] != "http" or self.pid is None or "/__emulator__/" in scope["path"]:
                await app(scope, receive, send)
                return
            body = await _whole(receive)
            answers: list[Message] = []

            async def given() -> Message:
                return {"type": "http.request", "body": body, "more_body": False}

            async def kept(message: Message) -> None:
                answers.append(message)

            strikes = self._counts(scope, body)
            if strikes and self.moment == "before" and self._strike():
                return
            await app(scope, given, kept)
            if strikes and self.moment == "after" and self._strike():
                return
            for message in answers:
                await send(message)

        return watched

    def _counts(self, scope: Scope, body: bytes) -> bool:
        """Is this the request at which it happens?"""
        path, method = scope["path"], scope["method"]
        writes = (
            method == "PATCH"
            or path.endswith(("/batch/update", "/batch/upsert"))
            or (path.endswith("/composite") and b'"PATCH"' in body)
        )
        with self.lock:
            if writes:
                self.wrote.append(f"{method} {path}")
            if (self.writes and not writes) or re.search(self.only, f"{method} {path}") is None:
                return False
            self.seen.append(f"{method} {path}")
            return len(self.seen) == self.at

    def _strike(self) -> bool:
        """Send the signal; is the process dead of it?"""
        assert self.pid is not None
        os.kill(self.pid, self.signal)
        self.struck.set()
        return self.signal is signal.SIGKILL


async def _whole(receive: Receive) -> bytes:
    body = b""
    while True:
        message = await receive()
        piece: bytes = message.get("body", b"")
        body += piece
        if not message.get("more_body", False):
            return body
