"""From the text of a query to its tree, or to the MALFORMED_QUERY that Salesforce answers."""

import re
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any, NoReturn, cast

from lark import Lark, Token, Transformer
from lark.exceptions import UnexpectedCharacters, UnexpectedInput, UnexpectedToken, VisitError

from emulator.salesforce.soql.errors import SoqlError, located
from emulator.salesforce.soql.tree import (
    Both,
    Comparison,
    Condition,
    FunctionCall,
    Grouping,
    Item,
    Literal,
    LiteralKind,
    Membership,
    Name,
    Not,
    Operand,
    Order,
    Query,
    SemiJoin,
    Source,
    SubSelect,
    TypeOf,
)

#: characters of one statement (Salesforce: SOQL and SOSL limits)
LONGEST_STATEMENT = 100_000
#: characters of one string in WHERE (same page)
LONGEST_STRING = 4_000

_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f", '"': '"', "'": "'", "\\": "\\"}
_WORDS = {"TRUE": Literal("boolean", True), "FALSE": Literal("boolean", False), "NULL": Literal("null", None)}
_MOMENTS: dict[str, LiteralKind] = {"DATE": "date", "DATETIME": "datetime", "TIME": "time"}
_ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|.)", re.DOTALL)
#: what `\\_` and `\\%` stand as in a tree: characters that LIKE reads as themselves, not as wildcards
ESCAPED_WILDCARDS = {"_": "\ue000", "%": "\ue001"}


@cache
def _grammar() -> Lark:
    text = files(__package__).joinpath("soql.lark").read_text(encoding="utf-8")
    return Lark(text, parser="lalr", lexer="contextual", maybe_placeholders=False)


@lru_cache(maxsize=512)
def parse(text: str) -> Query:
    """Read one statement.

    Raises `SoqlError` MALFORMED_QUERY with the place in the text. Whether the objects and fields exist
    is asked later.
    """
    if not text.strip():
        raise SoqlError("MALFORMED_QUERY", "SOQL statements cannot be empty or null")
    if len(text) > LONGEST_STATEMENT:
        raise SoqlError(
            "MALFORMED_QUERY", f"SOQL statements cannot be longer than {LONGEST_STATEMENT} characters."
        )
    try:
        tree = _grammar().parse(text)
        return cast("Query", _Builder(text).transform(tree))
    except VisitError as error:
        if isinstance(error.orig_exc, SoqlError):
            raise error.orig_exc from None
        raise
    except UnexpectedInput as error:
        raise _malformed(text, error) from None


def _malformed(text: str, error: UnexpectedInput) -> SoqlError:
    if isinstance(error, UnexpectedToken) and error.token.type != "$END":
        return located(
            "MALFORMED_QUERY", text, error.line, error.column, f"unexpected token: '{error.token}'"
        )
    if isinstance(error, UnexpectedCharacters):
        character = error.char
        complaint = f"unexpected token: '{character}'"
        if character == "'":
            complaint = f"line {error.line}:{len(text)} mismatched character '<EOF>' expecting '''"
        return located("MALFORMED_QUERY", text, error.line, error.column, complaint)
    lines = text.split("\n")
    return located("MALFORMED_QUERY", text, len(lines), len(lines[-1]) + 1, "unexpected token: '<EOF>'")


def _number(token: str) -> int | float:
    digits = re.sub(r"\s", "", token)
    return float(digits) if "." in digits else int(digits)


class _Builder(Transformer[Token, Any]):
    """Turns the grammar's tree into ours, from the leaves up; each method is named after its rule."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = text

    def _fail(self, at: Token | Name, message: str) -> NoReturn:
        raise located("MALFORMED_QUERY", self.text, at.line or 1, at.column or 1, message)

    def NAME(self, token: Token) -> Name:  # noqa: N802 - the grammar's word
        return Name(str(token), token.line or 1, token.column or 1)

    # values

    def literal(self, children: list[Token]) -> Literal:
        token = children[0]
        text = str(token)
        if token.type == "STRING":
            return Literal("string", self._string(token))
        if token.type == "NUMBER":
            return Literal("decimal" if "." in text else "integer", _number(text))
        if token.type == "CURRENCY":
            return Literal("currency", _number(text[3:]))
        return _WORDS.get(token.type) or Literal(_MOMENTS[token.type], text)

    def _string(self, token: Token) -> str:
        """The text between the quotes, its escapes read."""
        if len(token) - 2 > LONGEST_STRING:
            self._fail(token, f"string literals cannot be longer than {LONGEST_STRING} characters")

        def plain(found: re.Match[str]) -> str:
            escaped = found.group(1)
            if escaped[0] == "u" and len(escaped) == 5:
                return chr(int(escaped[1:], 16))
            if escaped in ESCAPED_WILDCARDS:
                return ESCAPED_WILDCARDS[escaped]
            if escaped.lower() in _ESCAPES:
                return _ESCAPES[escaped.lower()]
            return self._fail(token, f"Illegal character '\\{escaped}' in string literal")

        return _ESCAPE.sub(plain, str(token)[1:-1])

    def formula(self, children: list[Token]) -> Literal:
        """`LAST_N_DAYS:5` needs its number, and `TODAY` must have none."""
        word = str(children[0]).upper()
        counted = "_N_" in word or word.startswith("N_")
        if counted != (len(children) == 2):
            self._fail(children[0], f"unexpected token: '{children[0]}'")
        return Literal("formula", f"{word}:{int(children[1])}" if counted else word)

    # SELECT and FROM

    def call(self, children: list[Any]) -> FunctionCall:
        name, args = children[0], tuple(children[1:])
        call = FunctionCall(name, args)
        if not args and call.function != "COUNT":
            self._fail(name, "unexpected token: ')'")
        return call

    def item(self, children: list[Any]) -> Item:
        return Item(children[0], children[1] if len(children) > 1 else None)

    def sub_select(self, children: list[Any]) -> SubSelect:
        return SubSelect(children[0])

    def type_of(self, children: list[Any]) -> TypeOf:
        return TypeOf(children[1])

    def select_list(self, children: list[Any]) -> tuple[Any, ...]:
        for child in children:
            if isinstance(child, Item) and isinstance(child.what, FunctionCall) and not child.what.args:
                if len(children) > 1:
                    self._fail(child.what.name, "unexpected token: ','")
                if child.alias:
                    self._fail(child.alias, f"unexpected token: '{child.alias.text}'")
        return tuple(children)

    def source(self, children: list[Name]) -> Source:
        return Source(children[0], children[1] if len(children) > 1 else None)

    def sources(self, children: list[Source]) -> tuple[Source, ...]:
        return tuple(children)

    # conditions

    def comparison(self, children: list[Any]) -> Comparison:
        operand, token, value = children
        operator = re.sub(r"\s", "", str(token)).upper()
        if operator != "LIKE":
            self._no_wildcards(operand, (value,))
        return Comparison(operand, cast("Any", "!=" if operator == "<>" else operator), value)

    def membership(self, children: list[Any]) -> Membership:
        operand = children[0]
        words = [str(child).upper() for child in children[1:] if isinstance(child, Token)]
        values = tuple(child for child in children[1:] if isinstance(child, Literal))
        self._no_wildcards(operand, values)
        return Membership(operand, cast("Any", " ".join(words)), values)

    def _no_wildcards(self, operand: Operand, values: tuple[Literal, ...]) -> None:
        """Only LIKE knows escaped wildcards."""
        for value in values:
            if isinstance(value.value, str) and set(value.value) & set(ESCAPED_WILDCARDS.values()):
                at = operand.name if isinstance(operand, FunctionCall) else operand
                self._fail(at, "Illegal escape of a wildcard outside LIKE")

    def semi_join(self, children: list[Any]) -> SemiJoin:
        return SemiJoin(children[0], len(children) == 4, children[-1])

    def narrow(self, children: list[Any]) -> Query:
        where = next((part for rule, part in _parts(children) if rule == "where"), None)
        scope = next((part for rule, part in _parts(children) if rule == "scope"), None)
        return Query(self.text, (children[0],), (children[1],), scope=scope, where=where)

    def not_one(self, children: list[Any]) -> Not:
        return Not(children[1])

    def both_and(self, children: list[Any]) -> Both:
        return Both("AND", tuple(children))

    def both_or(self, children: list[Any]) -> Both:
        return Both("OR", tuple(children))

    # the clauses, each marked with its own name for `query` to collect

    def scope(self, children: list[Any]) -> tuple[str, Name]:
        return "scope", children[0]

    def where(self, children: list[Any]) -> tuple[str, Condition]:
        return "where", children[0]

    def security(self, children: list[Any]) -> tuple[str, Name]:
        return "security", children[0]

    def having(self, children: list[Any]) -> tuple[str, Condition]:
        return "having", children[0]

    def subtotals(self, children: list[Any]) -> Grouping:
        token = children[0]
        return Grouping(tuple(children[1:]), Name(str(token), token.line, token.column))

    def group(self, children: list[Any]) -> tuple[str, tuple[Grouping, Condition | None]]:
        having = next((part for rule, part in _parts(children) if rule == "having"), None)
        keys = tuple(child for child in children if isinstance(child, Name | FunctionCall))
        subtotals = next((child for child in children if isinstance(child, Grouping)), None)
        return "group", (subtotals or Grouping(keys), having)

    def order_key(self, children: list[Any]) -> Order:
        what: Operand = children[0]
        words = {child.type for child in children[1:]}
        return Order(what, descending="DESC" in words, nulls_last="LAST" in words)

    def order(self, children: list[Order]) -> tuple[str, tuple[Order, ...]]:
        return "order", tuple(children)

    def limit(self, children: list[Token]) -> tuple[str, int]:
        return "limit", int(_number(children[0]))

    def offset(self, children: list[Token]) -> tuple[str, int]:
        return "offset", int(_number(children[0]))

    def view(self, _children: list[Any]) -> tuple[str, None]:
        return "view", None

    def track(self, children: list[Name]) -> tuple[str, None]:
        for name in children:
            if name.text.upper() not in {"TRACKING", "VIEWSTAT"}:
                self._fail(name, f"unexpected token: '{name.text}'")
        return "track", None

    def query(self, children: list[Any]) -> Query:
        clauses = dict(_parts(children))
        group, having = clauses.get("group", (None, None))
        return Query(
            self.text,
            select=children[0],
            sources=children[1],
            scope=clauses.get("scope"),
            where=clauses.get("where"),
            security=clauses.get("security"),
            group=group,
            having=having,
            order=clauses.get("order", ()),
            limit=clauses.get("limit"),
            offset=clauses.get("offset"),
        )

    def start(self, children: list[Query]) -> Query:
        return children[0]


def _parts(children: list[Any]) -> list[tuple[str, Any]]:
    """The marked clauses among a rule's children."""
    return [child for child in children if isinstance(child, tuple) and child and isinstance(child[0], str)]
