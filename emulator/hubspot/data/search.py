"""CRM search: the request checked, compiled and run over index entries (HubSpot: search the CRM)."""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from operator import ge, gt, le, lt
from typing import Any

from emulator.hubspot.data.definitions import Definition, Definitions
from emulator.hubspot.data.index import Entry
from emulator.hubspot.data.values import comparable, text_of
from emulator.hubspot.errors import HubSpotError, validation

MAX_GROUPS, MAX_PER_GROUP, MAX_FILTERS = 5, 6, 18
MAX_PAGE, DEFAULT_PAGE, MAX_RESULTS, MAX_BODY = 200, 10, 10_000, 3_000
MAX_INT = 2**31 - 1

Test = Callable[[Entry], bool]
LinkedTo = Callable[[str, str], frozenset[str]]
"""`(object name, id) -> ids` of the searched type that are linked to that record."""

_ORDER = {"LT": lt, "LTE": le, "GT": gt, "GTE": ge}
_WITH_VALUES = frozenset({"IN", "NOT_IN"})
_WITHOUT_VALUE = frozenset({"HAS_PROPERTY", "NOT_HAS_PROPERTY"})
OPERATORS = frozenset(
    {*_ORDER, *_WITH_VALUES, *_WITHOUT_VALUE, "EQ", "NEQ", "BETWEEN", "CONTAINS_TOKEN", "NOT_CONTAINS_TOKEN"}
)


@dataclass(frozen=True, kw_only=True)
class Search:
    """A request that passed the checks. `groups` is empty when everything is wanted."""

    groups: tuple[tuple[Test, ...], ...]
    words: tuple[str, ...]
    sort: str | None
    descending: bool
    limit: int
    offset: int
    properties: tuple[str, ...]
    key: str

    def run(
        self, entries: Sequence[Entry], *, searched: Sequence[str], kind_of: Mapping[str, str]
    ) -> list[Entry]:
        """All hits in order, not paged. Without a sort: by the age of the records, oldest first."""
        found = self._in_words(self._in_groups(entries), searched)
        if self.sort in (None, "createdate", "hs_object_id"):
            # Ids rise with age, and the entries come in order of ids.
            return found[::-1] if self.sort and self.descending else found
        sort, kind = self.sort, kind_of[self.sort]
        keyed = [(comparable(kind, value), entry) for entry in found if (value := entry.values.get(sort))]
        blank = [entry for entry in found if not entry.values.get(sort)]
        keyed.sort(key=lambda pair: pair[0], reverse=self.descending)  # type: ignore[arg-type,return-value]
        return [entry for _, entry in keyed] + blank

    def _in_groups(self, entries: Sequence[Entry]) -> list[Entry]:
        """What any of the groups lets through; within a group each test sees only what the ones before let through."""
        hits: dict[int, Entry] = {}
        for group in self.groups:
            narrowed = list(entries)
            for test in group:
                narrowed = [entry for entry in narrowed if test(entry)]
            if len(self.groups) == 1:
                return narrowed
            hits |= {entry.number: entry for entry in narrowed}
        return [hits[number] for number in sorted(hits)] if self.groups else list(entries)

    def _in_words(self, entries: list[Entry], searched: Sequence[str]) -> list[Entry]:
        """What has a token that begins with each word of the query."""
        if not self.words:
            return entries
        found = []
        for entry in entries:
            tokens = [token for name in searched for token in _tokens(entry.values.get(name, ""))]
            if all(any(token.startswith(word) for token in tokens) for word in self.words):
                found.append(entry)
        return found


def parse(body: Mapping[str, Any], size: int, *, definitions: Definitions, linked: LinkedTo) -> Search:
    """Check a request body of `size` characters. Raises the 400 that HubSpot would answer."""
    if size > MAX_BODY:
        raise validation(f"The request body is {size} characters long; at most {MAX_BODY} are allowed.")
    limit = _whole(body.get("limit", DEFAULT_PAGE), "limit")
    if not 1 <= limit <= MAX_PAGE:
        raise validation(f"The limit must be between 1 and {MAX_PAGE}, was {limit}.")
    offset = _whole(body.get("after") or 0, "after")
    if offset < 0 or offset >= MAX_RESULTS:
        raise validation(
            f"Paging through more than {MAX_RESULTS:,} results of one search is not supported: after was {offset}."
        )
    sort, descending = _sort(body.get("sorts") or [], definitions)
    groups = _groups(body.get("filterGroups") or [], definitions, linked)
    query = str(body.get("query") or "")
    return Search(
        groups=groups,
        words=tuple(_tokens(query)),
        sort=sort,
        descending=descending,
        limit=limit,
        offset=offset,
        properties=tuple(str(name) for name in body.get("properties") or ()),
        key=json.dumps([body.get("filterGroups"), body.get("sorts"), query], sort_keys=True),
    )


def _whole(raw: Any, name: str) -> int:
    try:
        number = int(str(raw))
    except ValueError:
        number = MAX_INT + 1
    if abs(number) > MAX_INT:
        raise validation(
            f'Invalid input JSON: Cannot deserialize value of type `int` from String "{raw}": not a valid `int` value'
            f' (field "{name}")'
        )
    return number


def _sort(sorts: Sequence[Any], definitions: Definitions) -> tuple[str | None, bool]:
    if len(sorts) > 1:
        raise validation(f"Only one sort is supported, {len(sorts)} were given.")
    for sort in sorts:
        if isinstance(sort, Mapping):
            name, descending = str(sort.get("propertyName", "")), sort.get("direction") == "DESCENDING"
        else:
            name, descending = str(sort).removeprefix("-"), str(sort).startswith("-")
        _known(name, definitions)
        return name, descending
    return None, False


def _groups(
    groups: Sequence[Any], definitions: Definitions, linked: LinkedTo
) -> tuple[tuple[Test, ...], ...]:
    if len(groups) > MAX_GROUPS:
        raise validation(f"At most {MAX_GROUPS} filterGroups are allowed, {len(groups)} were given.")
    filters = [group.get("filters") or [] for group in groups]
    if any(len(group) > MAX_PER_GROUP for group in filters):
        raise validation(f"At most {MAX_PER_GROUP} filters per group are allowed.")
    if sum(len(group) for group in filters) > MAX_FILTERS:
        raise validation(f"At most {MAX_FILTERS} filters are allowed in all.")
    made = []
    for group in filters:
        tests = [_test(spec, definitions, linked) for spec in group]
        made.append(tuple(test for _, test in sorted(tests, key=lambda pair: pair[0])))
    return tuple(made)


def _known(name: str, definitions: Definitions) -> Definition:
    found = definitions.get(name)
    if found is None:
        raise validation(
            "There was a problem with the request.",
            errors=[
                {
                    "message": f'Property "{name}" does not exist',
                    "code": "PROPERTY_DOESNT_EXIST",
                    "context": {"propertyName": [name]},
                }
            ],
        )
    return found


def _bad_filter(name: str, problem: str) -> HubSpotError:
    return validation(
        "There was a problem with the request.",
        errors=[
            {
                "message": f"Filter on {name}: {problem}",
                "code": "INVALID_FILTER",
                "context": {"propertyName": [name]},
            }
        ],
    )


def _test(spec: Mapping[str, Any], definitions: Definitions, linked: LinkedTo) -> tuple[int, Test]:
    """A filter as (cost, test): the cheap ones run first."""
    name, operator = str(spec.get("propertyName") or ""), str(spec.get("operator") or "")
    if operator not in OPERATORS:
        raise _bad_filter(name, f"operator {operator} is not known")
    if operator in _WITH_VALUES:
        raw = spec.get("values")
        texts = [text_of(value) for value in raw] if isinstance(raw, list) else []
    elif operator in _WITHOUT_VALUE:
        if spec.get("value") not in (None, ""):
            raise _bad_filter(name, f"operator {operator} takes no value")
        texts = ["-"]
    else:
        ends = ("value", "highValue") if operator == "BETWEEN" else ("value",)
        texts = [text_of(spec[end]) for end in ends if spec.get(end) is not None]
        texts = texts if len(texts) == len(ends) else []
    if not texts or any(text == "" for text in texts):
        raise _bad_filter(name, "a value is missing or empty")
    if name.startswith("associations."):
        return 0, _linked_test(name, operator, texts, linked)
    definition = _known(name, definitions)
    return _compile(definition, operator, texts)


def _linked_test(name: str, operator: str, texts: Sequence[str], linked: LinkedTo) -> Test:
    if operator not in ("EQ", "IN"):
        raise _bad_filter(name, f"operator {operator} is not supported for associations")
    ids = frozenset[str]().union(*(linked(name.removeprefix("associations."), text) for text in texts))
    return lambda entry: entry.id in ids


def _compile(definition: Definition, operator: str, texts: list[str]) -> tuple[int, Test]:
    name, kind = definition.name, definition.type
    match operator:
        case "HAS_PROPERTY":
            return 1, lambda entry: bool(entry.values.get(name))
        case "NOT_HAS_PROPERTY":
            return 1, lambda entry: not entry.values.get(name)
        case "CONTAINS_TOKEN" | "NOT_CONTAINS_TOKEN":
            return 3, _token_test(name, texts[0], wanted=operator == "CONTAINS_TOKEN")
        case "IN" | "NOT_IN" if kind in ("string", "phone_number"):
            return 2, _lower_case_test(name, frozenset(texts), wanted=operator == "IN")
        case _:
            return _comparison(definition, operator, texts)


def _lower_case_test(name: str, allowed: frozenset[str], *, wanted: bool) -> Test:
    """IN compares what is stored in lower case with its own values as they come (HubSpot: search the CRM)."""

    def test(entry: Entry) -> bool:
        value = entry.values.get(name)
        return bool(value) and ((value or "").lower() in allowed) is wanted

    return test


def _comparison(definition: Definition, operator: str, texts: list[str]) -> tuple[int, Test]:
    name, kind = definition.name, definition.type
    bounds: list[Any] = [comparable(kind, text) for text in texts]
    if any(bound is None for bound in bounds):
        raise _bad_filter(name, f"{texts} cannot be read as {kind}")
    decide = _decision(operator, bounds)
    if name == "hs_object_id":
        return 0, lambda entry: decide(entry.number)
    if kind == "datetime" and name.endswith("lastmodifieddate"):
        return 0, lambda entry: decide(entry.modified_ms)
    if definition.multiple and operator in ("EQ", "NEQ", "IN", "NOT_IN"):
        return 2, _several_test(name, frozenset(texts), wanted=operator in ("EQ", "IN"))

    def test(entry: Entry) -> bool:
        value = entry.values.get(name)
        return bool(value) and decide(comparable(kind, value or ""))

    return 2, test


def _decision(operator: str, bounds: Sequence[Any]) -> Callable[[Any], bool]:
    """What an operator says of one comparable value that is there."""
    first = bounds[0]
    if operator in _ORDER:
        compare = _ORDER[operator]
        return lambda value: value is not None and bool(compare(value, first))
    if operator == "BETWEEN":
        high = bounds[1]
        return lambda value: value is not None and bool(first <= value <= high)
    allowed = frozenset(bounds)
    wanted = operator in ("EQ", "IN")
    return lambda value: (value in allowed) is wanted


def _several_test(name: str, wanted_values: frozenset[str], *, wanted: bool) -> Test:
    def test(entry: Entry) -> bool:
        value = entry.values.get(name)
        return bool(value) and bool(wanted_values & set((value or "").split(";"))) is wanted

    return test


def _token_test(name: str, text: str, *, wanted: bool) -> Test:
    patterns = [pattern for pattern in re.split(r"[^\w*]+", text.lower()) if pattern]

    def test(entry: Entry) -> bool:
        value = entry.values.get(name)
        if not value:
            return not wanted
        tokens = _tokens(value)
        return all(any(fnmatchcase(token, pattern) for token in tokens) for pattern in patterns) is wanted

    return test


def _tokens(text: str) -> list[str]:
    return [token for token in re.split(r"\W+", text.lower()) if token]
