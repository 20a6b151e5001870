"""A field's entry in a System's mapping file, replaced by another; comments, order and all else stay."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap
from ruamel.yaml.error import YAMLError
from ruamel.yaml.scalarstring import DoubleQuotedScalarString

from mappings.errors import MappingError, Problem

_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_ ]*[A-Za-z0-9_]\Z")
#: Words that YAML takes for something else.
_TAKEN = frozenset({"yes", "no", "on", "off", "true", "false", "null"})


def with_field(file: str, text: str, field: str, keys: Mapping[str, Any]) -> str:
    """The text with ``keys`` in place of whatever it said about ``fields: FIELD:``.

    ``MappingError`` where the text is no YAML, or has no room for fields.
    """
    yaml = YAML()
    yaml.preserve_quotes = True
    yaml.width = 1_000
    try:
        data = yaml.load(text)
    except YAMLError as error:
        raise MappingError(
            [Problem(file=file, line=None, message=str(error), remedy="Put it right first.")]
        ) from error
    if data is None:
        # Nothing but comments, which a round trip would lose.
        head, data = text, CommentedMap()
    else:
        head = ""
    if not isinstance(data, CommentedMap) or not isinstance(
        data.get("fields") or CommentedMap(), CommentedMap
    ):
        problem = Problem(
            file=file, line=1, message="there is no room for fields", remedy="Write `fields:` with keys."
        )
        raise MappingError([problem])
    if data.get("fields") is None:
        data["fields"] = CommentedMap()
    entry = data["fields"].get(field)
    if not isinstance(entry, CommentedMap):
        entry = data["fields"][field] = CommentedMap()
    for key in [key for key in entry if key not in keys]:
        del entry[key]
    for key, value in keys.items():
        entry[key] = _quoted(value)
    written = io.StringIO()
    yaml.dump(data, written)
    return f"{head.rstrip()}\n\n{written.getvalue()}" if head.strip() else written.getvalue()


def _quoted(value: Any) -> Any:
    """Texts in quotes: ``Yes``, ``No`` and ``1`` are other things in YAML."""
    if isinstance(value, Mapping):
        return CommentedMap({_quoted(key): _quoted(item) for key, item in value.items()})
    return DoubleQuotedScalarString(value) if isinstance(value, str) and _must_quote(value) else value


def _must_quote(text: str) -> bool:
    return not _PLAIN.match(text) or text.casefold() in _TAKEN
