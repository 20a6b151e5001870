"""Answers gone wrong: whatever a server, a proxy or a broken line may make of a good answer.

:func:`mutated` changes one thing about an answer; what it puts in is marked, so that it can be looked for wherever it
must not have gone. Only forms are changed: a text in the place of another text, which nobody could tell from a true
one, is put nowhere but where an id, a moment, a number or an address stands.
"""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from random import Random
from typing import Any

from tests.line import Heard

MARK = "f0reign"
#: A number that nobody has.
MARKED_NUMBER = 987654321987
#: Where a text has a form that can be checked.
_FORMED = re.compile(
    r"[0-9]{1,20}|[0-9A-Za-z]{15}|[0-9A-Za-z]{18}|\d{4}-\d\d-\d\dT.*|/services/.*|https?://.*|true|false"
)
#: What a record holds, which is any text.
_FREE = frozenset({"properties", "metadata", "Metadata", "scopes", "context"})
_HOSTILE = (
    f"../../{MARK}", f"{MARK}'\n", f"{MARK}\u202e\x1b[2J", MARK * 900, f"{MARK}/?x=1#", "", f"{MARK}\ud800",
    f"\0{MARK}",
)  # fmt: skip
_ID_CELL = re.compile('"?[0-9A-Za-z]{18}"?')
_DEEP = "[" * 40_000 + "]" * 40_000


class _Raw(str):
    """Text that goes into the JSON as it is."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class _Place:
    """One value in a body."""

    parent: Any
    key: Any
    free: bool

    @property
    def value(self) -> Any:
        return self.parent[self.key]


def mutated(heard: Heard, random: Random) -> tuple[Heard, str]:
    """The answer with one thing changed, and what was changed."""
    form = _form_of(heard)
    kinds: list[Callable[[Heard, Random], tuple[Heard, str]]] = [_bytes, _headers]
    if form == "json":
        kinds += [_json] * 6
    elif form == "xml":
        kinds += [_xml] * 4
    elif form == "csv":
        kinds += [_csv] * 4
    changed, said = random.choice(kinds)(heard, random)
    # A length that is not true is a broken line, which others try.
    headers = [(name, value) for name, value in changed.headers if name.lower() != "content-length"]
    return replace(changed, headers=[*headers, ("content-length", str(len(changed.body)))]), said


def _form_of(heard: Heard) -> str:
    said = {name.lower(): value for name, value in heard.headers}.get("content-type", "")
    for form in ("json", "xml", "csv"):
        if form in said and heard.body.strip():
            return form
    return ""


# -- JSON --------------------------------------------------------------------------------------------------------


def _json(heard: Heard, random: Random) -> tuple[Heard, str]:
    root = {"root": json.loads(heard.body)}
    place = random.choice(list(_places(root, free=False)))
    said = _change(place, random)
    return replace(heard, body=_dumped(root["root"])), f"{_name(place)}: {said}"


def _name(place: _Place) -> str:
    return f"{type(place.parent).__name__}[{place.key!r}]"


def _places(parent: Any, *, free: bool, most: int = 12) -> Iterator[_Place]:
    """Every value; of a long list the first and the last ones."""
    keys: list[Any] = list(parent) if isinstance(parent, dict) else list(range(len(parent)))
    if isinstance(parent, list) and len(keys) > most:
        keys = [*keys[: most // 2], *keys[-most // 2 :]]
    for key in keys:
        below = free or key in _FREE
        yield _Place(parent, key, below)
        if isinstance(parent[key], dict | list):
            yield from _places(parent[key], free=below, most=most)


def _change(place: _Place, random: Random) -> str:
    value = place.value
    changes: list[tuple[str, Callable[[], object]]] = [
        ("null", lambda: None),
        ("an object", lambda: {MARK: MARK}),
        ("a list", lambda: [MARK]),
        ("nested without end", lambda: _Raw(_DEEP)),
        ("NaN", lambda: _Raw("NaN")),
        ("Infinity", lambda: _Raw("1e999")),
        ("a huge number", lambda: _Raw("9" * 6000)),
    ]
    if not place.free:
        changes += [
            ("a number", lambda: MARKED_NUMBER),
            ("a negative one", lambda: -MARKED_NUMBER),
            ("true", lambda: True),
        ]
        if isinstance(value, str) and _FORMED.fullmatch(value):
            hostile = random.choice(_HOSTILE)
            changes.append((f"the text {hostile[:20]!r}", lambda: hostile))
        if not isinstance(value, str):
            changes += [("a text", lambda: MARK)]
    if isinstance(value, list):
        changes += [
            ("empty", list),
            ("twice", lambda: [*value, *value]),
            ("one more", lambda: [*value, {MARK: MARK}]),
            ("one less", lambda: value[1:]),
        ]
    if isinstance(value, dict) and value:
        gone = random.choice(list(value))
        without = {name: part for name, part in value.items() if name != gone}
        changes += [
            ("empty", dict),
            (f"without {gone}", lambda: without),
            (f"{gone} under another name", lambda: {**without, MARK: value[gone]}),
            ("a key more", lambda: {**value, MARK: MARK}),
            ("in a list", lambda: [value]),
        ]
    said, make = random.choice(changes)
    place.parent[place.key] = make()
    return said


def _dumped(value: Any) -> bytes:
    raw: dict[str, str] = {}

    def held(part: Any) -> Any:
        if isinstance(part, _Raw):
            name = f"@raw{len(raw)}@"
            raw[json.dumps(name)] = str(part)
            return name
        if isinstance(part, dict):
            return {name: held(below) for name, below in part.items()}
        return [held(below) for below in part] if isinstance(part, list) else part

    text = json.dumps(held(value))
    for name, instead in raw.items():
        text = text.replace(name, instead)
    return text.encode()


# -- XML and CSV -------------------------------------------------------------------------------------------------


def _xml(heard: Heard, random: Random) -> tuple[Heard, str]:
    text = heard.body.decode()
    tags = re.findall(r"<([A-Za-z][\w:]*)[ >]", text)
    tag = random.choice(tags)
    changes = {
        "renamed": lambda: text.replace(f"<{tag}", f"<{MARK}").replace(f"</{tag}>", f"</{MARK}>"),
        "left out": lambda: re.sub(rf"<{tag}[ >].*?</{tag}>", "", text, count=1, flags=re.DOTALL),
        "emptied": lambda: re.sub(rf"(<{tag}[^>]*>).*?(</{tag}>)", r"\1\2", text, count=1, flags=re.DOTALL),
        "twice": lambda: re.sub(rf"<{tag}[ >].*?</{tag}>", r"\g<0>\g<0>", text, count=1, flags=re.DOTALL),
        "never closed": lambda: text.replace(f"</{tag}>", "", 1),
        "foreign": lambda: re.sub(
            rf"(<{tag}[^>]*>).*?(</{tag}>)", rf"\1<x>{MARK}</x>\2", text, count=1, flags=re.DOTALL
        ),
        "an entity": lambda: (
            f'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/hostname">]>{text.partition("?>")[2]}'
        ),
    }
    said = random.choice(list(changes))
    return replace(heard, body=changes[said]().encode()), f"<{tag}> {said}"


def _csv(heard: Heard, random: Random) -> tuple[Heard, str]:
    lines = heard.body.decode().splitlines(keepends=True)
    place = random.randrange(len(lines))
    changes = {
        "without a line": lambda: lines[:place] + lines[place + 1 :],
        "a line twice": lambda: [*lines[: place + 1], *lines[place:]],
        "a foreign line": lambda: [*lines, f"{MARK},{MARK}\n"],
        "a line cut short": lambda: [*lines[:place], lines[place][: len(lines[place]) // 2]],
        "another header": lambda: [f"{MARK},x\n", *lines[1:]],
        "an open quote": lambda: [*lines[:place], '"', *lines[place:]],
        "foreign ids": lambda: [lines[0], *(_ID_CELL.sub(f"../{MARK}", line, count=1) for line in lines[1:])],
        "a huge cell": lambda: [*lines, '"' + "x" * 300_000 + '"\n'],
    }  # fmt: skip
    said = random.choice(list(changes))
    return replace(heard, body="".join(changes[said]()).encode()), said


# -- the whole answer --------------------------------------------------------------------------------------------


def _bytes(heard: Heard, random: Random) -> tuple[Heard, str]:
    page = f"<html><body>{MARK} Service is down</body></html>".encode()
    bodies = {
        "empty": b"",
        "a page": page,
        "cut short": heard.body[: len(heard.body) // 2],
        "not UTF-8": heard.body[:-1] + b"\xff\xfe\xff}",
        "null": b"null",
        "a number": b"7",
        "a text": json.dumps(MARK).encode(),
        "an empty list": b"[]",
        "an empty object": b"{}",
        "a list": json.dumps([MARK]).encode(),
        "a list of lists": json.dumps([[MARK]]).encode(),
        "nested without end": _DEEP.encode(),
        "NaN": b"NaN",
        "UTF-16": b"\xff\xfe" + heard.body.decode(errors="replace").encode("utf-16-le"),
    }
    said = random.choice(list(bodies))
    return replace(heard, body=bodies[said]), f"the body {said}"


def _headers(heard: Heard, random: Random) -> tuple[Heard, str]:
    def having(name: str, value: str, **more: Any) -> Heard:
        kept = [(told, said) for told, said in heard.headers if told.lower() != name.lower()]
        return replace(heard, headers=[*kept, (name, value)], **more)

    error = json.dumps([{"errorCode": {MARK: 1}, "message": [MARK], "fields": 7}]).encode()
    other = json.dumps({"status": [], "message": {MARK: 1}, "errors": {MARK: 2}, "context": []}).encode()
    packed = gzip.compress(heard.body)
    changes = {
        "a page's type": lambda: having("content-type", "text/html"),
        "no type": lambda: having("content-type", ""),
        "a CSV's type": lambda: having("content-type", "text/csv"),
        "half a gzip": lambda: having("content-encoding", "gzip", body=packed[: len(packed) // 2]),
        "no gzip": lambda: having("content-encoding", "gzip"),
        "a date far ahead": lambda: having("date", "Fri, 01 Jan 2099 00:00:00 GMT"),
        "a date of long ago": lambda: having("date", "Thu, 01 Jan 1970 00:00:00 GMT"),
        "a date that is none": lambda: having("date", f"{MARK}, 99 Foo 0000"),
        "limits that are none": lambda: having("sforce-limit-info", f"api-usage={'9' * 5000}/1"),
        "a day that is spent": lambda: having("x-hubspot-ratelimit-daily-remaining", "9" * 5000),
        "204": lambda: replace(heard, status=204, body=b""),
        "a redirect": lambda: having("location", f"https://{MARK}.example/", status=302, body=b""),
        "400 without words": lambda: replace(heard, status=400, body=b""),
        "400 in foreign words": lambda: replace(heard, status=400, body=random.choice([error, other])),
        "401": lambda: replace(heard, status=401, body=random.choice([error, other, b""])),
        "403": lambda: replace(heard, status=403, body=random.choice([error, other, b""])),
        "404": lambda: replace(heard, status=404, body=random.choice([error, other, b""])),
        "429 for nan": lambda: having("retry-after", "nan", status=429, body=other),
        "500": lambda: replace(heard, status=500, body=random.choice([error, other, heard.body])),
        "a status of no kind": lambda: replace(heard, status=299),
    }
    said = random.choice(list(changes))
    return changes[said](), f"headers: {said}"
