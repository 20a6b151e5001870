"""What administrators of a real org add to a save: triggers that rewrite, duplicate rules, validation rules, locks.

Rules are set through the control door or by tests, kept in the state file, and run on every save that they match.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

from emulator.kit.state import StateFile
from emulator.salesforce.data.store import Row, Store
from emulator.salesforce.errors import Problem

_KIND = "rule"
Sort = Literal["trigger", "flow", "duplicate", "validation", "lock"]
_REWRITING = ("trigger", "flow")
#: a trigger's ways to rewrite a text; ``set`` puts the rule's ``value``
REWRITES = ("trim", "upper", "lower", "title", "round", "prefix", "set")


@dataclass(frozen=True, kw_only=True, slots=True)
class Rule:
    """One rule. Which keys matter depends on ``sort``.

    trigger, flow: rewrites ``field`` by ``rewrite`` (with ``value``) whenever the object is saved.
    duplicate: a record equal in ``fields`` to another is a duplicate; ``allow_save`` makes it an alert.
    validation: a save fails with ``message`` when ``field`` matches ``pattern`` (a blank reads as ``""``).
    lock: the ``records`` cannot be written: as if another transaction held them.
    """

    name: str
    sort: Sort
    object: str = "Account"
    field: str | None = None
    fields: tuple[str, ...] = ()
    rewrite: str | None = None
    value: Any = None
    pattern: str = ""
    message: str = "A rule of this org refused the record."
    allow_save: bool = False
    records: tuple[str, ...] = ()


class RuleBook:
    """The rules in force, in the order in which they were set."""

    def __init__(self, state: StateFile) -> None:
        self._state = state
        self._rules: dict[str, Rule] = {}
        self.reload()

    def reload(self) -> None:
        """Read the rules from the state file."""
        docs = self._state.load(_KIND)
        self._rules = {name: self._read(doc) for name, doc in docs.items()}

    def put(self, rule: Rule) -> None:
        """Set a rule, or replace the one of that name."""
        self._rules[rule.name] = rule
        self._state.put(_KIND, rule.name, asdict(rule))

    def clear(self) -> None:
        """Forget all rules."""
        for name in self._rules:
            self._state.delete(_KIND, name)
        self._rules = {}

    def all(self) -> tuple[Rule, ...]:
        """Return the rules in force."""
        return tuple(self._rules.values())

    def parse(self, doc: Mapping[str, Any]) -> Rule:
        """Read a rule that a person wrote. Raises ValueError with every problem."""
        known = set(Rule.__dataclass_fields__)
        problems = [
            f"unknown key {key} (known: {', '.join(sorted(known))})" for key in sorted(set(doc) - known)
        ]
        if doc.get("sort") not in (*_REWRITING, "duplicate", "validation", "lock"):
            problems.append("sort must be trigger, flow, duplicate, validation or lock")
        if doc.get("sort") in _REWRITING and (not doc.get("field") or doc.get("rewrite") not in REWRITES):
            problems.append(f"a {doc['sort']} needs field and rewrite (one of {', '.join(REWRITES)})")
        if doc.get("sort") == "duplicate" and not doc.get("fields"):
            problems.append("a duplicate rule needs fields")
        if doc.get("sort") == "validation" and not doc.get("field"):
            problems.append("a validation rule needs field")
        try:
            re.compile(str(doc.get("pattern", "")))
        except re.error as error:
            problems.append(f"pattern is no regular expression: {error}")
        if problems:
            raise ValueError("; ".join(problems))
        return self._read({"name": f"{doc['sort']}_{len(self._rules) + 1}", **doc})

    @staticmethod
    def _read(doc: Mapping[str, Any]) -> Rule:
        lists = {key: tuple(doc[key]) for key in ("fields", "records") if key in doc}
        return Rule(**{**doc, **lists})

    def rewritten(self, object_name: str, row: dict[str, Any]) -> dict[str, Any]:
        """Return the row as triggers and flows leave it."""
        for rule in self._rules.values():
            if rule.sort in _REWRITING and rule.object == object_name and rule.field:
                row = {**row, rule.field: rewrite(str(rule.rewrite), row.get(rule.field), rule.value)}
        return row

    def problems(
        self, store: Store, object_name: str, row: Row, *, allow_save: bool, path: str
    ) -> Iterable[Problem]:
        """Yield what the duplicate and validation rules say against saving the row."""
        for rule in self._rules.values():
            if rule.object != object_name:
                continue
            if rule.sort == "validation" and rule.field:
                text = row.get(rule.field)
                if re.search(rule.pattern, "" if text is None else str(text)):
                    yield Problem(
                        code="FIELD_CUSTOM_VALIDATION_EXCEPTION", message=rule.message, fields=(rule.field,)
                    )
            if rule.sort == "duplicate" and not (rule.allow_save and allow_save):
                twins = _twins(store, rule, row)
                if twins:
                    yield duplicates_detected(
                        rule.object, twins, rule=rule.name, allow_save=rule.allow_save, path=path
                    )

    def locked(self, record_id: str) -> Problem | None:
        """Return the problem of writing a locked record, or None."""
        held = any(rule.sort == "lock" and record_id in rule.records for rule in self._rules.values())
        return lock_problem([record_id]) if held else None


def rewrite(how: str, value: Any, argument: Any) -> Any:
    """Return what a trigger makes of a value; a blank stays a blank unless the trigger sets the field."""
    if how == "set":
        return argument
    if value is None:
        return None
    if how == "round":
        return round(float(value), int(argument or 0))
    text = str(value)
    changes = {"trim": text.strip(), "upper": text.upper(), "lower": text.lower(), "title": text.title()}
    return changes.get(how, f"{argument}{text}" if not text.startswith(str(argument)) else text)


def lock_problem(record_ids: Iterable[str]) -> Problem:
    """UNABLE_TO_LOCK_ROW, as another transaction holds the records."""
    held = list(record_ids)
    count = "this record" if len(held) < 2 else f"this record or {len(held)} records"
    message = f"unable to obtain exclusive access to {count}: {','.join(held)}".removesuffix(": ")
    return Problem(code="UNABLE_TO_LOCK_ROW", message=message)


def duplicates_detected(
    object_name: str,
    twins: Iterable[str],
    *,
    rule: str,
    allow_save: bool,
    path: str,
    message: str | None = None,
) -> Problem:
    """DUPLICATES_DETECTED with its body, whose key is misspelt in the real service."""
    said = message or (
        "You're creating a duplicate record. We recommend you use an existing record instead."
        if allow_save
        else "Use one of these records?"
    )
    matches = [
        {
            "additionalInformation": [],
            "fieldDiffs": [],
            "matchConfidence": 100.0,
            "record": {
                "attributes": {"type": object_name, "url": f"{path}/sobjects/{object_name}/{twin}"},
                "Id": twin,
            },
        }
        for twin in twins
    ]
    result = {
        "allowSave": allow_save,
        "duplicateRule": rule,
        "duplicateRuleEntityType": object_name,
        "errorMessage": said,
        "matchResults": [
            {
                "entityType": object_name,
                "errors": [],
                "matchEngine": "FuzzyMatchEngine",
                "matchRecords": matches,
                "rule": f"Standard_{object_name}_Match_Rule_v1_0",
                "size": len(matches),
                "success": True,
            }
        ],
    }
    return Problem(code="DUPLICATES_DETECTED", message=said, extra={"duplicateResut": result})


def _twins(store: Store, rule: Rule, row: Row) -> list[str]:
    first, *rest = rule.fields
    if row.get(first) is None:
        return []
    return [
        twin["Id"]
        for twin in store.find(rule.object, first, row[first])
        if twin["Id"] != row.get("Id")
        and not twin.get("IsDeleted")
        and all(str(twin.get(name)).lower() == str(row.get(name)).lower() for name in rest)
    ]
