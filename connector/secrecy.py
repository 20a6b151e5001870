"""Secrets are known by name: whatever this process has read or was issued is taken out of every text that it tells.

A server may repeat what it was sent, a proxy may put a header on its page, and a library may name a body in its
exception. So each secret is registered where it is read or issued, in the forms in which it travels, and every sink
(messages of errors, the terminal, logs, the ledger, files of plans) passes its texts through :func:`scrub`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TextIO

#: What stands in the place of a secret.
MASK = "[secret]"
#: A shorter text is no secret to anybody, and taking it out would make holes into ordinary words.
_SHORTEST = 6
#: What the emulators take for secrets, which everybody may know: without it every message about them had holes.
_EXAMPLES = frozenset({"emulator", "pat-emulator"})
#: Secrets that are known at once: a service is issued some 50 tokens a day and System, each good for an hour or two.
_MOST = 100


class KnownSecrets:
    """The secrets of a process, and the forms in which they are found.

    Threads add and ask side by side without a lock: adding to a dict is one step, and whoever asks looks at a copy.
    """

    def __init__(self) -> None:
        #: Secret -> its forms, the oldest first.
        self._known: dict[str, tuple[str, ...]] = {}

    def add(self, secret: str) -> None:
        """Know a secret from now on; of very many the oldest are forgotten, which have expired long since."""
        if secret in _EXAMPLES or len(secret.strip()) < _SHORTEST or secret in self._known:
            return
        self._known[secret] = tuple({form for form in _forms_of(secret) if len(form) >= _SHORTEST})
        while len(self._known) > _MOST:
            self._known.pop(next(iter(self._known)), None)

    def scrub(self, text: str) -> str:
        """The text with the mask in place of each secret."""
        there = [form for forms in tuple(self._known.values()) for form in forms if form in text]
        # The longest first: a form may begin with another one.
        for form in sorted(there, key=len, reverse=True):
            text = text.replace(form, MASK)
        return text


_KNOWN = KnownSecrets()


def register(secret: str) -> str:
    """Take this secret out of everything that is told from now on; gives it back."""
    _KNOWN.add(secret)
    return secret


def scrub(text: str) -> str:
    """A text without any registered secret, in plain, quoted, escaped or base64 form."""
    return _KNOWN.scrub(text)


def _forms_of(secret: str) -> Iterator[str]:
    # Whoever starts a command waits for what this module imports; most of them read no secret.
    import html  # noqa: PLC0415
    import json  # noqa: PLC0415
    from urllib.parse import quote, quote_plus  # noqa: PLC0415

    plain = secret.strip()
    yield plain
    lines = [line.strip() for line in plain.splitlines()]
    if len(lines) > 1:
        # A key of several lines: each line gives a part of it away. The marks around it do not.
        yield from (line for line in lines if not line.startswith("-----"))
    yield quote(plain, safe="")
    yield quote(plain)
    yield quote_plus(plain)
    yield quote(plain, safe="").replace("%", "%25")
    yield json.dumps(plain)[1:-1]
    yield json.dumps(plain, ensure_ascii=False)[1:-1]
    yield repr(plain)[1:-1]
    yield html.escape(plain)
    yield html.escape(plain, quote=False)
    yield from _base64_forms(plain.encode())


def _base64_forms(data: bytes) -> Iterator[str]:
    """What the secret looks like inside of a text in base64, wherever in that it begins (``user:secret``)."""
    import base64  # noqa: PLC0415

    for before in range(3):
        # Characters that other bytes have a part in are left out at both ends.
        first = -(-before * 8 // 6)
        last = (before + len(data)) * 8 // 6
        text = base64.b64encode(b"\0" * before + data).decode()[first:last]
        yield text
        yield text.replace("+", "-").replace("/", "_")


class ScrubbedStream:
    """A stream to a terminal, pipe or file whose texts are scrubbed as they are written."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """Write the text without secrets; gives the length of what was to be written."""
        self._stream.write(scrub(text))
        return len(text)

    def writelines(self, lines: list[str]) -> None:
        """Write each line without secrets."""
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> object:
        return getattr(self._stream, name)
