"""The entry criteria of a ladder, as one text that a CRM shows beside the field."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

#: Salesforce: Metadata API, "CustomField", ``inlineHelpText``.
SALESFORCE_HELP_LENGTH = 510

_MARK = " • "
#: Fewer characters of a criterion than this say nothing.
_LEAST = 24


@dataclass(frozen=True, kw_only=True)
class Rung:
    """One rung as people see it: its label, the team that moves accounts there, what must be true before."""

    label: str
    owner: str
    criteria: str


def help_with_criteria(text: str, rungs: Sequence[Rung], limit: int | None) -> str:
    """The help of a ladder with what every rung asks for. ``limit``: the most characters, None for any number.

    What does not fit goes in this order: the owners, the help itself, the ends of the longest criteria. Where not even
    that is enough, the help stands alone: labels without criteria would only look as if they said something.
    """
    told = [rung for rung in rungs if rung.criteria]
    if not told:
        return text
    for candidate in _shorter_and_shorter(text, told, limit):
        if limit is None or len(candidate) <= limit:
            return candidate
    return text


def _shorter_and_shorter(text: str, rungs: Sequence[Rung], limit: int | None) -> Iterator[str]:
    plain = [rung.criteria for rung in rungs]
    yield _joined(text, rungs, plain, owners=True)
    yield _joined(text, rungs, plain, owners=False)
    yield _joined("", rungs, plain, owners=False)
    if limit is not None:
        room = limit - len(_joined("", rungs, [""] * len(rungs), owners=False))
        if room >= _LEAST * len(rungs):
            yield _joined("", rungs, _cut_to(plain, room), owners=False)


def _joined(text: str, rungs: Sequence[Rung], criteria: Sequence[str], *, owners: bool) -> str:
    parts = [text] if text else []
    for rung, words in zip(rungs, criteria, strict=True):
        owner = f" ({rung.owner})" if owners and rung.owner else ""
        parts.append(f"{rung.label}{owner}: {words}")
    return _MARK.join(parts)


def _cut_to(texts: Sequence[str], room: int) -> list[str]:
    """The texts, the longest of them cut to one length, so that all together have at most ``room`` characters."""
    most = max(map(len, texts))
    while sum(min(len(text), most) for text in texts) > room:
        most -= 1
    return [text if len(text) <= most else f"{text[: most - 1].rstrip()}…" for text in texts]
