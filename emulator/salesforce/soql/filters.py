"""WHERE and HAVING as Python closures, built once per query.

Blank compares as Salesforce does it: `!=` and NOT IN match blank rows, an order comparison never does, an empty
string is blank. Text compares whatever its case; ids by their first 15 characters, with case.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from operator import ge, gt, le, lt
from typing import Any, NoReturn

from emulator.salesforce.data.ids import long_id
from emulator.salesforce.soql import dates
from emulator.salesforce.soql.catalogue import FieldInfo, Row
from emulator.salesforce.soql.parser import ESCAPED_WILDCARDS
from emulator.salesforce.soql.scope import Read, Scope
from emulator.salesforce.soql.tree import (
    Both,
    Comparison,
    Condition,
    FunctionCall,
    Literal,
    Membership,
    Not,
    Operand,
    SemiJoin,
)

Test = Callable[[Any], bool]

_NUMBERS = frozenset({"int", "double", "currency", "percent", "long"})
_IDS = frozenset({"id", "reference"})
_ORDERED: dict[str, Callable[[Any, Any], bool]] = {"<": lt, "<=": le, ">": gt, ">=": ge}
#: describe's types in the words of the "must be of type" message
_WORDS = {"datetime": "dateTime", "currency": "double", "percent": "double", "id": "ID", "long": "int"}


@dataclass(frozen=True, slots=True)
class Compared:
    """What stands before an operator: how to read it, and the field whose type decides how it compares."""

    read: Read
    field: FieldInfo
    at: Operand


#: gives HAVING its aggregates; WHERE has fields only
Resolve = Callable[[Operand], Compared]
#: runs the SELECT of a semi-join: the set of its values, ids in their 18-character form
SubQuery = Callable[[SemiJoin], frozenset[str]]


def where_operand(scope: Scope, operand: Operand) -> Compared:
    """A field of WHERE, refused when it may not be filtered."""
    if isinstance(operand, FunctionCall):
        column, read = scope.date_function(operand)
        kind = "date" if operand.function == "DAY_ONLY" else "int"
        return Compared(read, FieldInfo(name=column.field.name, type=kind), operand)
    column = scope.column(operand)
    if not column.field.filterable:
        scope.fail(operand, f"field '{operand.text}' can not be filtered in a query call")
    return Compared(column.read, column.field, operand)


class Filters:
    """Compiles the conditions of one scope."""

    def __init__(self, scope: Scope, *, resolve: Resolve, sub_query: SubQuery) -> None:
        self._scope = scope
        self._resolve = resolve
        self._sub_query = sub_query

    def compile(self, condition: Condition, *, top: bool = True) -> Callable[[Row], bool]:
        """The test that a row must pass. `top`: a semi-join may stand here."""
        match condition:
            case Both(operator="AND"):
                tests = [self.compile(part, top=top) for part in condition.conditions]
                return lambda row: all(test(row) for test in tests)
            case Both():
                tests = [self.compile(part, top=False) for part in condition.conditions]
                return lambda row: any(test(row) for test in tests)
            case Not():
                negated = self.compile(condition.condition, top=False)
                return lambda row: not negated(row)
            case SemiJoin():
                return self._semi_join(condition, top=top)
            case Comparison() | Membership():
                return self._field_test(condition)

    def _field_test(self, condition: Comparison | Membership) -> Callable[[Row], bool]:
        compared = self._resolve(condition.operand)
        if isinstance(condition, Comparison):
            test = self._comparison(compared, condition)
        else:
            test = self._membership(compared, condition)
        read = compared.read
        return lambda row: test(read(row))

    def _semi_join(self, join: SemiJoin, *, top: bool) -> Callable[[Row], bool]:
        if not top:
            self._scope.fail(
                join.operand,
                "Semi join sub-selects are only allowed at the top level WHERE expressions and not in nested"
                " WHERE expressions.",
                "MALFORMED_QUERY",
            )
        compared = self._resolve(join.operand)
        if compared.field.type not in _IDS:
            self._scope.fail(
                join.operand,
                f"The left operand '{compared.field.name}' in the where expression with outer object"
                f" '{self._scope.info.name}' should be an ID or a reference field",
                "MALFORMED_QUERY",
            )
        found, read, wanted = self._sub_query(join), compared.read, not join.negated
        return lambda row: (read(row) in found) is wanted

    def _comparison(self, compared: Compared, comparison: Comparison) -> Test:
        field, operator, literal = compared.field, comparison.operator, comparison.value
        self._check_operator(compared, operator)
        if operator == "LIKE":
            return _like(str(self.literal(compared, literal) or ""))
        if literal.kind == "formula":
            return self._in_span(compared, operator, literal)
        value = self.literal(compared, literal)
        if operator in {"=", "!="}:
            same = _equals(field, value)
            return same if operator == "=" else lambda stored: not same(stored)
        if value is None:
            return lambda _stored: False
        key, order = _key(field), _ORDERED[operator]
        bound = key(value)
        return lambda stored: stored is not None and order(key(stored), bound)

    def _membership(self, compared: Compared, membership: Membership) -> Test:
        self._check_operator(compared, membership.operator)
        field = compared.field
        if membership.operator in {"INCLUDES", "EXCLUDES"}:
            wanted = [self._choices(compared, literal) for literal in membership.values]

            def includes(stored: Any) -> bool:
                chosen = {part.casefold() for part in stored.split(";")} if stored else set()
                return any(choice <= chosen for choice in wanted)

            return includes if membership.operator == "INCLUDES" else lambda stored: not includes(stored)
        plain = [literal for literal in membership.values if literal.kind != "formula"]
        spans = [
            self._in_span(compared, "=", literal)
            for literal in membership.values
            if literal.kind == "formula"
        ]
        key, blank = _key(field), _blank(field)
        values = [self.literal(compared, literal) for literal in plain]
        among = frozenset(blank if value is None else key(value) for value in values)

        def contains(stored: Any) -> bool:
            folded = blank if stored is None or stored == "" else key(stored)
            return folded in among or any(span(stored) for span in spans)

        return contains if membership.operator == "IN" else lambda stored: not contains(stored)

    def _choices(self, compared: Compared, literal: Literal) -> set[str]:
        value = self.literal(compared, literal)
        return {part.casefold() for part in str(value or "").split(";") if part}

    def _in_span(self, compared: Compared, operator: str, literal: Literal) -> Test:
        kind = compared.field.type
        if kind not in {"date", "datetime"}:
            self._wrong_type(compared)
        start_day, end_day = dates.span(str(literal.value), self._scope.catalogue.now())
        if kind == "date":
            start, end = start_day.isoformat(), end_day.isoformat()
        else:
            start, end = dates.midnight(start_day), dates.midnight(end_day)
        tests: dict[str, Test] = {
            "=": lambda stored: stored is not None and start <= stored < end,
            "!=": lambda stored: stored is None or not start <= stored < end,
            "<": lambda stored: stored is not None and stored < start,
            "<=": lambda stored: stored is not None and stored < end,
            ">": lambda stored: stored is not None and stored >= end,
            ">=": lambda stored: stored is not None and stored >= start,
        }
        return tests[operator]

    def _check_operator(self, compared: Compared, operator: str) -> None:
        kind = compared.field.type
        ordered = operator in _ORDERED
        refused = (
            (kind == "boolean" and (ordered or operator == "LIKE"))
            or (operator == "LIKE" and kind in _IDS | _NUMBERS | {"date", "datetime", "multipicklist"})
            or (operator in {"INCLUDES", "EXCLUDES"} and kind != "multipicklist")
            or (ordered and kind == "multipicklist")
        )
        if refused:
            self._scope.fail(compared.at, "invalid operator", "INVALID_QUERY_FILTER_OPERATOR")

    def literal(self, compared: Compared, literal: Literal) -> Any:
        """The literal as rows hold such a value; None for null and for the empty string.

        An unchecked box is what null means for a checkbox (SOQL reference: "Use null in WHERE").
        """
        kind, value = compared.field.type, literal.value
        if literal.kind == "null" or value == "":
            return False if kind == "boolean" else None
        if kind == "boolean":
            return value if literal.kind == "boolean" else self._wrong_type(compared)
        if kind in _NUMBERS:
            return value if literal.kind in {"integer", "decimal", "currency"} else self._wrong_type(compared)
        if kind in {"date", "datetime", "time"}:
            return self._moment(compared, literal)
        if literal.kind != "string":
            return self._wrong_type(compared)
        return self._record_id(compared, str(value)) if kind in _IDS else value

    def _moment(self, compared: Compared, literal: Literal) -> str:
        kind = compared.field.type
        if literal.kind != kind:
            self._wrong_type(compared)
        text = str(literal.value)
        read = {"date": dates.date_text, "datetime": dates.datetime_text}.get(kind, str)(text)
        if read is None:
            self._scope.fail(compared.at, f"Invalid {kind}: {text}", "MALFORMED_QUERY")
        return read

    def _record_id(self, compared: Compared, text: str) -> str:
        found = long_id(text)
        if found is None:
            self._scope.fail(compared.at, f"invalid ID field: {text}", "INVALID_QUERY_FILTER_OPERATOR")
        return found

    def _wrong_type(self, compared: Compared) -> NoReturn:
        kind = compared.field.type
        word = _WORDS.get(kind, kind)
        quoted = kind not in _NUMBERS | {"boolean", "date", "datetime", "time"}
        if quoted and kind not in _IDS:
            word = "string"
        should = "should be enclosed in quotes" if quoted else "should not be enclosed in quotes"
        self._scope.fail(
            compared.at,
            f"value of filter criterion for field '{compared.field.name}' must be of type {word} and {should}",
        )


def _equals(field: FieldInfo, value: Any) -> Test:
    if value is None:
        return lambda stored: stored is None or stored == ""
    if field.type == "boolean":
        return lambda stored: bool(stored) is value
    if field.type == "multipicklist":
        wanted = {part.casefold() for part in str(value).split(";")}
        return lambda stored: bool(stored) and {part.casefold() for part in stored.split(";")} == wanted
    key = _key(field)
    folded = key(value)
    return lambda stored: stored is not None and key(stored) == folded


def _blank(field: FieldInfo) -> Any:
    """What a blank counts as among the values of IN: an unchecked box is false."""
    return False if field.type == "boolean" else None


def _key(field: FieldInfo) -> Callable[[Any], Any]:
    """What a value is compared by."""
    if field.type in _IDS or field.type in {"date", "datetime", "time", "boolean"} or field.type in _NUMBERS:
        return _itself
    return _folded


def _itself(value: Any) -> Any:
    return value


def _folded(value: Any) -> str:
    return str(value).casefold()


_READ_LITERALLY = {placeholder: mark for mark, placeholder in ESCAPED_WILDCARDS.items()}


def _like(pattern: str) -> Test:
    """LIKE: `%` is any text, `_` one character, whatever the case."""
    wildcards = {"%": ".*", "_": "."}
    expression = "".join(
        wildcards.get(character) or re.escape(_READ_LITERALLY.get(character, character))
        for character in pattern
    )
    compiled = re.compile(expression, re.IGNORECASE | re.DOTALL)
    return lambda stored: stored is not None and compiled.fullmatch(str(stored)) is not None
