"""The body of an answer, before anybody reads it: decoded so that everything behind it can be stored and compared,
and held against the form that its route has.

A proxy, a half-written answer or a server gone wrong may send anything with status 200. What is not in the form that
its route has is no answer: :class:`UnreadableAnswer`, which each connector's transport makes an ``Unavailable`` of.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from typing import Any, NoReturn

from pydantic import TypeAdapter, ValidationError

#: The code of the error that an answer out of form becomes.
UNREADABLE = "UNREADABLE_ANSWER"
#: Levels of lists and objects in one another. The deepest that a CRM sends, a field's ``Metadata``, has eight.
_DEEPEST = 50
#: Larger numbers than any that a CRM keeps (Salesforce: 18 digits).
LARGEST = 10**24

#: Holds the body of a good answer against the form of its route; raises :class:`UnreadableAnswer`.
Check = Callable[[Any], None]


class UnreadableAnswer(ValueError):
    """What came is not in the form that its route has; ``str(error)`` says where it is not."""


def _no_number(text: str) -> NoReturn:
    raise UnreadableAnswer(f"{text} is no number")


_DECODER = json.JSONDecoder(parse_constant=_no_number)


def decoded(raw: bytes) -> Any:
    """JSON as it was sent. Half a character of UTF-16, which is what a text cut in the wrong place ends with, and the
    character 0 are replaced: neither can be stored."""
    try:
        found = _DECODER.decode(raw.decode("utf-8-sig"))
    except UnreadableAnswer:
        raise
    except UnicodeDecodeError as error:
        raise UnreadableAnswer("it is not UTF-8") from error
    except RecursionError as error:
        raise UnreadableAnswer("its parts stand in one another without end") from error
    except ValueError as error:
        raise UnreadableAnswer("it is not JSON") from error
    # Only an escape can bring such a character; few answers hold one, and nobody else pays for them.
    if b"\\u" in raw and (b"\\ud" in raw or b"\\uD" in raw or b"\\u0000" in raw):
        require_depth(found)
        found = _storable(found)
    return found


def _storable(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-8", "surrogatepass").decode("utf-8", "replace").replace("\0", "\ufffd")
    if isinstance(value, list):
        return [_storable(part) for part in value]
    if isinstance(value, dict):
        return {_storable(name): _storable(part) for name, part in value.items()}
    return value


def require_depth(value: Any) -> None:
    """Refuse what is nested deeper than whoever walks through it can go."""
    level = [value]
    for _ in range(_DEEPEST):
        level = [
            part
            for whole in level
            if isinstance(whole, dict | list)
            for part in (whole.values() if isinstance(whole, dict) else whole)
        ]
        if not level:
            return
    raise UnreadableAnswer("its parts stand in one another without end")


@cache
def _adapter(form: Any) -> TypeAdapter[Any]:
    return TypeAdapter(form)


def require(form: Any, body: Any) -> None:
    """Hold a body against a type; nothing is converted."""
    try:
        _adapter(form).validate_python(body, strict=True)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"])[:80]
        raise UnreadableAnswer(f"{place or 'the body'}: {first['msg'][:120]}") from None


def require_rows(wanted: bool, what: str) -> None:  # noqa: FBT001 - a condition
    """Refuse an answer whose rows are not those of its request."""
    if not wanted:
        raise UnreadableAnswer(what)
