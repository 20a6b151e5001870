"""Mapping files -> Mapping, or one MappingError that carries every problem with file and line.

Layers, each amending the one before it:

    canonical.yaml (built in), canonical.yaml (yours)
    per System: KIND.yaml (built in), KIND.yaml (yours), SYSTEM.yaml (yours)

A field with `type` (canonical) or `name` (native) replaces the field below it; without, it
amends it key by key. `stages` and lists of options replace the ones below as a whole.
"""

from __future__ import annotations

import re
from collections import abc
from copy import deepcopy
from dataclasses import dataclass, field, replace
from functools import cache, lru_cache
from importlib import resources
from pathlib import Path
from typing import Any

from mappings.errors import MappingError, Problem
from mappings.fields import CanonicalField, Direction, OnConflict, OnConflictKind
from mappings.files.schema import CanonicalFile, FieldWritten, SystemFile
from mappings.files.text_file import NoTextFile, read_text
from mappings.files.validate_fields import judge_field
from mappings.files.validate_people import judge_people
from mappings.files.validate_systems import Canon, judge_system
from mappings.files.yaml_lines import Layer, read_layer
from mappings.files.yaml_lines import Path as KeyPath
from mappings.model import Mapping
from mappings.systems import SystemKind, SystemMapping

__all__ = ["CANONICAL", "default_files", "load"]

CANONICAL = "canonical.yaml"

_SYSTEM_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}\Z")


def load(folder: Path | None, systems: abc.Mapping[str, str], *, adopting: str | None = None) -> Mapping:
    """The built-in mapping with the files of `folder` on top, for the Systems of the configuration.

    `systems` gives each System's kind by its name. `adopting` is a field that is about to be given its places, and need
    not have them all. Raises MappingError with all problems at once.
    """
    if folder is None and adopting is None:
        return _unaltered(tuple(systems.items()))
    return _loaded(folder, systems, adopting)


@lru_cache(maxsize=8)
def _unaltered(systems: tuple[tuple[str, str], ...]) -> Mapping:
    """Without files of the user's own it is the same as long as the process lives."""
    return _loaded(None, dict(systems), None)


def _loaded(folder: Path | None, systems: abc.Mapping[str, str], adopting: str | None) -> Mapping:
    findings = _Findings()
    kinds = _kinds(systems, findings)
    own = _own_layers(folder, kinds, findings)
    built_in = _built_in_layers(findings)
    written = _Origin(layers=[built_in[CANONICAL], *own.get(CANONICAL, [])], findings=findings)
    canon = _load_canonical(written, kinds)
    spelled: dict[str, SystemMapping] = {}
    broken = canon.broken
    for name, kind in kinds.items():
        files = dict.fromkeys((f"{kind}.yaml", f"{name}.yaml"))
        layers = [built_in[f"{kind}.yaml"], *(layer for file in files for layer in own.get(file, []))]
        spelled[name] = _load_system(name, kind, layers, canon, findings)
        broken = broken.union(*(layer.broken for layer in layers))
    pending = broken | ({adopting} if adopting is not None else set())
    _judge_reach(replace(canon, broken=pending), spelled, written)
    people = judge_people(_people_in(written.layers), kinds, written.say)
    findings.raise_if_any()
    return Mapping(fields=canon.fields, systems=spelled, people=people)


def default_files() -> dict[str, str]:
    """The built-in files by name, comments and all, for an administrator to edit."""
    names = (CANONICAL, *(f"{kind}.yaml" for kind in SystemKind))
    package = resources.files("mappings")
    return {name: package.joinpath(name).read_text(encoding="utf-8") for name in names}


@dataclass(kw_only=True)
class _Findings:
    """The problems so far; two Systems of one kind may find the same one, which counts once."""

    problems: dict[Problem, None] = field(default_factory=dict)

    def add(self, file: str, line: int | None, message: str, remedy: str) -> None:
        self.problems[Problem(file=file, line=line, message=message, remedy=remedy)] = None

    def raise_if_any(self) -> None:
        if self.problems:
            raise MappingError(self.problems)


@dataclass(frozen=True, kw_only=True)
class _Origin:
    """Where each key of the merged layers was written last."""

    layers: list[Layer]
    findings: _Findings

    def say(self, path: KeyPath, message: str, remedy: str, *, or_at: KeyPath = ()) -> None:
        layer, line = max(self._place(path), self._place(or_at), key=lambda place: place[0])
        self.findings.add(self.layers[layer].file, line, message, remedy)

    def _place(self, path: KeyPath) -> tuple[int, int | None]:
        """The layer that wrote a key last, and the line; for a key nobody wrote, of the one around it."""
        for size in range(len(path), 0, -1):
            for number in reversed(range(len(self.layers))):
                if path[:size] in self.layers[number].lines:
                    return number, self.layers[number].lines[path[:size]]
        return 0, None


def _kinds(systems: abc.Mapping[str, str], findings: _Findings) -> dict[str, SystemKind]:
    kinds: dict[str, SystemKind] = {}
    for name, kind in systems.items():
        if not _SYSTEM_NAME.match(name):
            remedy = "Use small letters, digits and underscores, beginning with a letter."
            findings.add("systems", None, f"{name!r} is no name for a System", remedy)
        if _is_a_rule_word(name) or f"{name}.yaml" == CANONICAL:
            message = f"a System cannot be called {name}, which means something else in a mapping"
            findings.add("systems", None, message, "Choose another name.")
        if kind not in tuple(SystemKind):
            remedy = f"Use one of {', '.join(SystemKind)}."
            findings.add("systems", None, f"{name} is of the unknown kind {kind!r}", remedy)
        elif name in tuple(SystemKind) and name != kind:
            message = f"a System of kind {kind} is called {name}"
            findings.add("systems", None, message, "Its files would be mistaken: rename it.")
        else:
            kinds[name] = SystemKind(kind)
    return kinds


def _is_a_rule_word(name: str) -> bool:
    if OnConflict.parse(name or "?").kind is not OnConflictKind.SYSTEM:
        return True
    try:
        Direction.parse(name)
    except ValueError:
        return False
    return True


# --- reading ---------------------------------------------------------------------------------


def _built_in_layers(findings: _Findings) -> dict[str, Layer]:
    found, layers = _built_in()
    findings.problems.update(found)
    return {name: replace(layer, data=deepcopy(layer.data)) for name, layer in layers.items()}


@cache
def _built_in() -> tuple[dict[Problem, None], dict[str, Layer]]:
    """The files that come with Tandem, parsed once in a process."""
    findings = _Findings()
    layers = {name: _read(f"built-in {name}", name, text, findings) for name, text in default_files().items()}
    return findings.problems, layers


def _own_layers(
    folder: Path | None, kinds: abc.Mapping[str, SystemKind], findings: _Findings
) -> dict[str, list[Layer]]:
    if folder is None:
        return {}
    if not folder.is_dir():
        remedy = "Correct `mapping:` in tandem.yaml, or write one with tandem init."
        findings.add(str(folder), None, "there is no such folder", remedy)
        return {}
    known = [CANONICAL, *(f"{name}.yaml" for name in dict.fromkeys((*SystemKind, *kinds)))]
    layers: dict[str, list[Layer]] = {}
    for path in sorted(folder.iterdir()):
        if path.suffix not in (".yaml", ".yml"):
            continue
        if path.name not in known:
            message = "no System and no kind of System has this name, so the file would be ignored"
            findings.add(str(path), None, message, f"Rename it to one of {', '.join(known)}.")
            continue
        try:
            text = read_text(path)
        except NoTextFile as error:
            findings.add(str(path), None, str(error), error.remedy)
            continue
        layers[path.name] = [_read(str(path), path.name, text, findings)]
    if not layers and not findings.problems:
        remedy = f"Put {CANONICAL} or {SystemKind.SALESFORCE}.yaml there, or write them with tandem init."
        findings.add(str(folder), None, "the folder holds no mapping", remedy)
    return layers


def _read(shown: str, name: str, text: str, findings: _Findings) -> Layer:
    layer, problems = read_layer(shown, text, CanonicalFile if name == CANONICAL else SystemFile)
    findings.problems.update(dict.fromkeys(problems))
    return layer


# --- putting layers together -----------------------------------------------------------------


def _people_in(layers: list[Layer]) -> dict[str, Any]:
    """What stands under `people:`; each of its keys replaces the one below it as a whole."""
    found: dict[str, Any] = {}
    for layer in layers:
        found.update(_without_nulls(layer.data.get("people") or {}))
    return found


def _load_canonical(origin: _Origin, kinds: abc.Mapping[str, SystemKind]) -> Canon:
    layers = origin.layers
    merged: dict[str, dict[str, Any]] = {}
    for layer in layers:
        for name, written in (layer.data.get("fields") or {}).items():
            merged[name] = _amended_field(merged.get(name, {}), _without_nulls(written))
    fields: dict[str, CanonicalField] = {}
    broken = frozenset(name for layer in layers for name in layer.broken)
    for name, written in merged.items():
        judged = judge_field(name, FieldWritten.model_validate(written), kinds, origin.say)
        if judged is None:
            broken |= {name}
        else:
            fields[name] = judged
    return Canon(fields=fields, broken=broken)


def _amended_field(below: dict[str, Any], above: dict[str, Any]) -> dict[str, Any]:
    if "type" in above:
        return above
    amended = {**below, **above}
    if "rule" in above and "rule" in below:
        amended["rule"] = {**below["rule"], **_without_nulls(above["rule"])}
    for key, other in (("options", "ladder"), ("ladder", "options")):
        if key in above and other not in above:
            amended.pop(other, None)
    return amended


def _load_system(
    name: str, kind: SystemKind, layers: list[Layer], canon: Canon, findings: _Findings
) -> SystemMapping:
    origin = _Origin(layers=layers, findings=findings)
    merged: dict[str, Any] = {}
    for layer in layers:
        written = _without_nulls(layer.data)
        fields = dict(merged.get("fields", {}))
        for field_name, above in written.pop("fields", {}).items():
            given = _without_nulls(above)
            below = {} if "name" in given else fields.get(field_name, {})
            fields[field_name] = {**below, **given}
        for key in ("identity", "opportunity", "group"):
            if key in written:
                written[key] = {**merged.get(key, {}), **_without_nulls(written[key])}
        merged = {**merged, **written, "fields": fields}
    return judge_system(name, kind, SystemFile.model_validate(merged), canon, origin.say)


def _judge_reach(canon: Canon, systems: abc.Mapping[str, SystemMapping], origin: _Origin) -> None:
    """A field that nobody keeps, or that is led by a System which does not keep it, goes nowhere."""
    for name, canonical in canon.fields.items():
        if name in canon.broken:
            continue
        at: KeyPath = ("fields", name)
        keepers = [system for system, spelled in systems.items() if name in spelled.fields]
        if systems and not keepers:
            files = ", ".join(dict.fromkeys(f"{spelled.kind}.yaml" for spelled in systems.values()))
            remedy = (
                f"Give it a native name in {files}, or a field that is there: tandem provision adopt {name}"
            )
            origin.say(at, f"no System keeps {name}", f"{remedy} SYSTEM NATIVE_NAME.")
            continue
        rule = canonical.rule
        for key, system in (("direction", rule.direction.system), ("on_conflict", rule.on_conflict.system)):
            if system is not None and system not in keepers:
                remedy = f"Give it a native name there, or name one of {', '.join(keepers)}."
                origin.say((*at, "rule", key), f"{system} does not keep {name}", remedy)


def _without_nulls(written: dict[str, Any]) -> dict[str, Any]:
    """An empty key amends nothing. (Inside `values` null has a meaning, which is not touched.)"""
    return {key: value for key, value in written.items() if value is not None}
