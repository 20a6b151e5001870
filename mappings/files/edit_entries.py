"""Entries put into a mapping file as a person would: each on its line with a comment, everything else left as it is."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ruamel.yaml.error import YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode

from mappings.errors import MappingError, Problem
from mappings.files.yaml_lines import composed

#: Text that needs no quotes wherever it stands as a key or value.
_PLAIN = re.compile(r"[A-Za-z_][\w./()&'-]*(?: [\w./()&'-]+)*\Z")
#: Words that YAML takes for something else.
_TAKEN = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null", "nan", "inf"})
_INDENT = 2
#: Comments begin here at the earliest, so that they stand below one another.
_COMMENT_AT = 40


@dataclass(frozen=True, kw_only=True)
class MappedLine:
    """One line: a key, what it is mapped to, and a remark for whoever reads it. A mapping has a line for each key."""

    key: str
    value: str | bool | Mapping[str, str | None]
    comment: str = ""


@dataclass(frozen=True, kw_only=True)
class Section:
    """Entries of one mapping of the file, such as ``("stages",)`` or ``("fields", "mqa_stage", "read_as")``."""

    path: tuple[str, ...]
    entries: Sequence[MappedLine]
    #: Lines above the entries where the section is new.
    head: Sequence[str] = ()


def keys_at(file: str, text: str, path: Sequence[str]) -> tuple[str, ...] | None:
    """The keys that a section of a file has; None where it is not there. ``MappingError`` for what is no YAML."""
    node, rest = _walk(_compose(file, text), path)
    if rest or not isinstance(node, MappingNode):
        return None
    return tuple(str(key.value) for key, _ in node.value)


def lines_at(file: str, text: str, path: Sequence[str]) -> dict[str, int]:
    """The lines of a section's keys, from 1; nothing where it is not there."""
    node, rest = _walk(_compose(file, text), path)
    if rest or not isinstance(node, MappingNode):
        return {}
    return {str(key.value): key.start_mark.line + 1 for key, _ in node.value}


def with_section(file: str, text: str, section: Section, *, replace: bool = False) -> str:
    """The text with the entries of a section. Keys that are there keep their value, unless ``replace``.

    Nothing else changes: no comment, no order, no blank line. ``MappingError`` where the section is written in one
    line (``{…}``), which cannot be added to in this way.
    """
    if not section.entries:
        return text
    lines = text.splitlines()
    node, rest = _walk(_compose(file, text), section.path)
    if isinstance(node, MappingNode) and node.flow_style and node.value:
        problem = Problem(
            file=file,
            line=node.start_mark.line + 1,
            message=f"{'.'.join(section.path)} is written in one line",
            remedy="Write each entry on a line of its own, then run the command again.",
        )
        raise MappingError([problem])
    if not isinstance(node, MappingNode) or (not node.value and len(rest) == len(section.path)):
        lines = [] if isinstance(node, MappingNode) else lines
        return _joined([*lines, *([""] if lines else []), *_block(section, rest, 0)])
    if not node.value:
        # `stages: {}` or nothing at all behind the key: the block takes its place.
        line = node.start_mark.line
        head = lines[line].split(":")[0] + ":"
        indent = len(head) - len(head.lstrip()) + _INDENT
        return _joined([*lines[:line], head, *_block(section, rest, indent), *lines[line + 1 :]])
    if rest:
        indent = _column(node)
        last = _last_line(node)
        # Keys of the file itself are parted by a blank line, those within a field are not.
        gap = [""] if len(rest) == len(section.path) else []
        return _joined([*lines[: last + 1], *gap, *_block(section, rest, indent), *lines[last + 1 :]])
    there = {str(key.value): value for key, value in node.value}
    if replace:
        for entry in section.entries:
            if (held := there.get(entry.key)) is not None:
                lines[held.start_mark.line] = _replaced(lines[held.start_mark.line], held, entry)
    added = [entry for entry in section.entries if entry.key not in there]
    last = _last_line(node)
    return _joined([*lines[: last + 1], *_lines(added, _column(node)), *lines[last + 1 :]])


def scalar(text: str) -> str:
    """A text as YAML writes it: plain where that is safe, else in double quotes."""
    if _PLAIN.match(text) and text.casefold() not in _TAKEN:
        return text
    return json.dumps(text, ensure_ascii=False)


def _compose(file: str, text: str) -> Node | None:
    try:
        return composed(text)
    except YAMLError as error:
        problem = Problem(file=file, line=None, message=f"not YAML: {error}", remedy="Put it right first.")
        raise MappingError([problem]) from error


def with_block(file: str, text: str, section: Section) -> str:
    """The text with a section as it is told here, in place of what it said; errors as in :func:`with_section`."""
    *above, name = section.path
    parent, rest = _walk(_compose(file, text), above)
    pairs = parent.value if isinstance(parent, MappingNode) and not rest else []
    found = next(((key, value) for key, value in pairs if str(key.value) == name), None)
    if found is None or (isinstance(parent, MappingNode) and parent.flow_style):
        return with_section(file, text, section)
    key, value = found
    lines, indent = text.splitlines(), int(key.start_mark.column)
    block = [f"{' ' * indent}{scalar(name)}:", *_lines(section.entries, indent + _INDENT)]
    # Nothing behind the key is said to stand where the next thing begins.
    nothing = isinstance(value, ScalarNode) and not value.value
    last = key.end_mark.line if nothing else _last_line(value)
    return _joined([*lines[: key.start_mark.line], *block, *lines[last + 1 :]])


def _walk(node: Node | None, path: Sequence[str]) -> tuple[Node | None, Sequence[str]]:
    """The mapping that stands furthest down the path, and what is left of the path."""
    for place, name in enumerate(path):
        if not isinstance(node, MappingNode):
            return node, path[place:]
        found = next(((key, value) for key, value in node.value if str(key.value) == name), None)
        if found is None:
            return node, path[place:]
        key, inner = found
        if isinstance(inner, ScalarNode):
            # `stages:` with nothing behind it.
            empty = MappingNode(
                tag="tag:yaml.org,2002:map", value=[], start_mark=key.start_mark, end_mark=key.end_mark
            )
            return empty, path[place + 1 :]
        node = inner
    return node, ()


def _column(node: MappingNode) -> int:
    return int(node.value[0][0].start_mark.column) if node.value else 0


def _last_line(node: Node) -> int:
    """The line on which the last thing of a node stands; comments behind it belong to whatever follows."""
    if isinstance(node, MappingNode) and not node.flow_style and node.value:
        return max(max(_last_line(key), _last_line(value)) for key, value in node.value)
    if not isinstance(node, ScalarNode) and not getattr(node, "flow_style", False) and node.value:
        return max(_last_line(item) for item in node.value)
    end = node.end_mark
    return int(end.line - 1 if end.column == 0 and end.line > node.start_mark.line else end.line)


def _replaced(line: str, held: Node, entry: MappedLine) -> str:
    assert isinstance(entry.value, str), "only a text takes the place of another in its line"
    start, end = held.start_mark.column, held.end_mark.column
    return (
        _with_comment(f"{line[:start]}{scalar(entry.value)}", entry.comment)
        if entry.comment
        else (f"{line[:start]}{scalar(entry.value)}{line[end:]}")
    )


def _block(section: Section, rest: Sequence[str], indent: int) -> list[str]:
    """A new section: the keys that lead to it, then its entries."""
    lines = [f"{' ' * indent}# {remark}" for remark in section.head]
    for depth, name in enumerate(rest):
        lines.append(f"{' ' * (indent + depth * _INDENT)}{scalar(name)}:")
    return lines + _lines(section.entries, indent + len(rest) * _INDENT)


def _lines(entries: Sequence[MappedLine], indent: int) -> list[str]:
    lines: list[str] = []
    for entry in entries:
        key = f"{' ' * indent}{scalar(entry.key)}:"
        if isinstance(entry.value, Mapping):
            inner = [
                f"{' ' * (indent + _INDENT)}{scalar(name)}: {'null' if value is None else scalar(value)}"
                for name, value in entry.value.items()
            ]
            lines += [_with_comment(key, entry.comment), *inner]
        else:
            value = str(entry.value).lower() if isinstance(entry.value, bool) else scalar(entry.value)
            lines.append(_with_comment(f"{key} {value}", entry.comment))
    return lines


def _with_comment(line: str, comment: str) -> str:
    words = " ".join(comment.split())
    return f"{line.ljust(_COMMENT_AT)}  # {words}" if words else line


def _joined(lines: Sequence[str]) -> str:
    return "\n".join(lines).rstrip("\n") + "\n"
