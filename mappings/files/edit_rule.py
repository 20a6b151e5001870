"""One rule of a mapping changed in its file, with everything else, comments and order included, left as it is."""

from __future__ import annotations

import io
from pathlib import Path

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap
from ruamel.yaml.error import YAMLError

from mappings.files.folder import put
from mappings.files.load import CANONICAL


def with_rule(text: str, field: str, on_conflict: str) -> str:
    """The text of a canonical.yaml in which ``field`` has this ``on_conflict``.

    ValueError where the file's form leaves no place for it.
    """
    yaml = YAML()
    yaml.preserve_quotes = True
    yaml.width = 10_000
    yaml.indent(mapping=2, sequence=4, offset=2)
    try:
        data = yaml.load(text)
    except YAMLError as error:
        raise ValueError(str(error)) from error
    node = CommentedMap() if data is None else data
    # Only files that load are changed, so every one of these is a mapping, or is not there.
    place = node
    for key in ("fields", field, "rule"):
        if place.get(key) is None:
            place[key] = CommentedMap()
        place = place[key]
    place["on_conflict"] = on_conflict
    out = io.StringIO()
    yaml.dump(node, out)
    return out.getvalue()


def remember(folder: Path, rules: dict[str, str]) -> Path:
    """Write ``on_conflict`` for fields into the canonical.yaml of a mapping folder; returns the file.

    OSError, ValueError.
    """
    path = folder / CANONICAL
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    for field, on_conflict in rules.items():
        text = with_rule(text, field, on_conflict)
    put(path, text)
    return path
