"""The one error of the query engine, and Salesforce's way to show where in the text it stands."""

import re

#: how much of the query stands on either side of the caret, before whole words are completed
EXCERPT = 30
_WORD = re.compile(r"[A-Za-z0-9_.']")


class SoqlError(Exception):
    """A refused query, by Salesforce's error code and message."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message


def located(code: str, query: str, line: int, column: int, text: str) -> SoqlError:
    r"""The error with an excerpt of the query, a caret below the place, and `ERROR at Row:1:Column:12`.

    Line and column count from 1. Long lines are cut around the place, at word boundaries.
    """
    lines = query.split("\n")
    shown = lines[line - 1] if 0 < line <= len(lines) else ""
    place = column - 1
    start, stop = max(place - EXCERPT, 0), min(place + EXCERPT, len(shown))
    while start > 0 and _WORD.match(shown[start - 1]) and _WORD.match(shown[start : start + 1]):
        start -= 1
    while stop < len(shown) and _WORD.match(shown[stop]) and _WORD.match(shown[stop - 1]):
        stop += 1
    excerpt = shown[start:stop].rstrip()
    caret = " " * (place - start) + "^"
    return SoqlError(code, f"\n{excerpt}\n{caret}\nERROR at Row:{line}:Column:{column}\n{text}")


NO_SUCH_COLUMN = (
    "No such column '{field}' on entity '{entity}'. If you are attempting to use a custom field, be sure to"
    " append the '__c' after the custom field name. Please reference your WSDL or the describe call for the"
    " appropriate names."
)
NO_SUCH_OBJECT = (
    "sObject type '{name}' is not supported. If you are attempting to use a custom object, be sure to append"
    " the '__c' after the entity name. Please reference your WSDL or the describe call for the appropriate"
    " names."
)
NO_SUCH_RELATIONSHIP = (
    "Didn't understand relationship '{name}' in {place}. If you are attempting to use a custom relationship,"
    " be sure to append the '__r' after the custom relationship name. Please reference your WSDL or the"
    " describe call for the appropriate names."
)
