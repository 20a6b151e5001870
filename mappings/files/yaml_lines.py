"""One mapping file: YAML text -> plain data that remembers on which line each key stood."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, SequenceNode
from ruamel.yaml.scanner import Scanner

from mappings.errors import Problem

Path = tuple[str | int, ...]

#: Far more than any file of ours has open at once, and few enough to be looked through.
_MOST_BRACKETS = 100


@dataclass(frozen=True, kw_only=True)
class Layer:
    """One file's sound part. `broken` names the fields that were left out because of a problem."""

    file: str
    data: dict[str, Any] = field(default_factory=dict)
    lines: dict[Path, int] = field(default_factory=dict)
    broken: frozenset[str] = frozenset()


@lru_cache(maxsize=32)
def composed(text: str) -> Node | None:
    """What a YAML text says, as a tree that nobody changes. Several commands of one process read the same files."""
    yaml = YAML(typ="safe", pure=True)
    yaml.Scanner = _Scanner
    found: Node | None = yaml.compose(text)
    return found


class _Scanner(Scanner):
    """The library's looks at every open bracket again at each further one: a second or two for a file of brackets."""

    def fetch_flow_collection_start(self, token: Any, to_push: str) -> None:
        if len(self.flow_context) > _MOST_BRACKETS:
            raise RecursionError
        super().fetch_flow_collection_start(token, to_push)


def read_layer(file: str, text: str, form: type[BaseModel]) -> tuple[Layer, list[Problem]]:
    """Parse and validate one file. Whatever is unsound is reported and left out of the layer."""
    try:
        node = composed(text)
    except MarkedYAMLError as error:
        return Layer(file=file), [_yaml_problem(file, error)]
    except YAMLError as error:
        return Layer(file=file), [
            Problem(file=file, line=None, message=str(error), remedy="Write it as YAML.")
        ]
    except RecursionError:
        remedy = "Write it as nested as the default files are: tandem init writes them."
        return Layer(file=file), [
            Problem(file=file, line=None, message="it is nested too deep", remedy=remedy)
        ]
    if node is None:
        return Layer(file=file), []
    reading = _Reading(file=file)
    data, lines, problems = reading.plain(node), reading.lines, reading.problems
    if not isinstance(data, dict):
        remedy = f"Start with one of {_listed(form.model_fields)}."
        return Layer(file=file), [
            Problem(file=file, line=1, message="the file is not a set of keys", remedy=remedy)
        ]
    broken: set[str] = set()
    for place, problem in find_problems(form, data, file=file, lines=lines):
        problems.append(problem)
        broken |= _drop(data, place)
    return Layer(file=file, data=data, lines=lines, broken=frozenset(broken)), problems


def find_problems(
    form: type[BaseModel], data: Any, *, file: str, lines: dict[Path, int]
) -> list[tuple[Path, Problem]]:
    """Every way in which ``data`` does not fit the form, each with its place."""
    try:
        form.model_validate(data)
    except ValidationError as error:
        found: list[tuple[Path, Problem]] = []
        for detail in error.errors():
            place, models = _located(form, detail["loc"])
            no_choice = _no_choice(models, detail, place)
            place, message, remedy = no_choice or (place, *_explain(models, detail, place))
            line = line_of(lines, place)
            found.append((place, Problem(file=file, line=line, message=message, remedy=remedy)))
        return found
    return []


def line_of(lines: dict[Path, int], path: Path) -> int | None:
    """The line of a key, or of the nearest key around it."""
    for size in range(len(path), 0, -1):
        if path[:size] in lines:
            return lines[path[:size]]
    return None


@dataclass(kw_only=True)
class _Reading:
    """What one walk over a file's nodes finds beside the data itself."""

    file: str
    lines: dict[Path, int] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def plain(self, node: Node, path: Path = ()) -> Any:
        if len(path) > _DEEPEST:
            self._report(node, f"{_dotted(path[:3])} is nested too deeply", "Write it flat.")
            return None
        if isinstance(node, MappingNode):
            found: dict[Any, Any] = {}
            for key_node, value_node in node.value:
                key = self.plain(key_node, (*path, "?"))
                if isinstance(key, dict | list):
                    self._report(key_node, "a key is not a word", "Write one word before the colon.")
                elif key in found:
                    message = f"{_dotted((*path, key))} stands here twice"
                    self._report(key_node, message, "Keep one of the two.")
                else:
                    self.lines[(*path, key)] = _line(key_node)
                    found[key] = self.plain(value_node, (*path, key))
            return found
        if isinstance(node, SequenceNode):
            for index, item in enumerate(node.value):
                self.lines[(*path, index)] = _line(item)
            return [self.plain(item, (*path, index)) for index, item in enumerate(node.value)]
        return _scalar(node)

    def _report(self, node: Node, message: str, remedy: str) -> None:
        self.problems.append(Problem(file=self.file, line=_line(node), message=message, remedy=remedy))


#: No key of ours stands deeper than a ladder's rung; an alias that contains itself stops here.
_DEEPEST = 8

_SCALARS: dict[str, Callable[[str], Any]] = {
    "int": int,
    "float": float,
    "bool": lambda text: text.lower() == "true",
    "null": lambda _text: None,
}


def _scalar(node: Node) -> Any:
    """Numbers, booleans and null become Python's; all else, dates too, stays the text it is."""
    kind = str(node.tag).rpartition(":")[2]
    text = str(node.value)
    try:
        return _SCALARS.get(kind, str)(text)
    except ValueError:
        return text


def _line(node: Node) -> int:
    return int(node.start_mark.line) + 1


def _dotted(path: Path) -> str:
    return ".".join(str(part) for part in path)


def _yaml_problem(file: str, error: MarkedYAMLError) -> Problem:
    mark = error.problem_mark or error.context_mark
    return Problem(
        file=file,
        line=mark.line + 1 if mark else None,
        message=(error.problem or error.context or "this is not YAML").strip(),
        remedy="Fix the YAML here: look at indentation, colons and quotes.",
    )


#: What pydantic finds where the key that tells which keys belong beside it is missing or says something unknown.
_NO_CHOICE = frozenset({"missing", "union_tag_invalid", "union_tag_not_found", "model_attributes_type"})


def _no_choice(
    models: list[type[BaseModel]], detail: ErrorDetails, place: Path
) -> tuple[Path, str, str] | None:
    """Where, what and what to do about it where it cannot be told which of several models is meant; else None."""
    key = _chooser(models) if len(models) > 1 and detail["type"] in _NO_CHOICE else None
    if key is None:
        return None
    value = detail["input"]
    tag = value.get(key) if isinstance(value, dict) and detail["type"] != "missing" else None
    said = "is missing" if tag is None else f"is {str(tag)!r}"
    choices = [str(choice) for model in models for choice in get_args(model.model_fields[key].annotation)]
    return (*place, key), f"{_dotted((*place, key))} {said}", f"Use one of {_listed(choices)}."


def _chooser(models: list[type[BaseModel]]) -> str | None:
    """The key by which one of several models is chosen."""
    return next(
        (
            name
            for name in models[0].model_fields
            if all(
                name in model.model_fields and get_origin(model.model_fields[name].annotation) is Literal
                for model in models
            )
        ),
        None,
    )


def _explain(models: list[type[BaseModel]], detail: ErrorDetails, place: Path) -> tuple[str, str]:
    """One of pydantic's findings -> message and remedy in the words of the file. ``models``: what may stand there, or
    around it."""
    where, value = _dotted(place), detail["input"]
    match detail["type"]:
        case "extra_forbidden":
            allowed = list(models[0].model_fields)
            # For who mistyped a key, and for nobody else.
            import difflib  # noqa: PLC0415

            close = difflib.get_close_matches(str(place[-1]), allowed, n=1)
            remedy = f"Did you mean {close[0]}?" if close else f"Known here: {_listed(allowed)}."
            return f"unknown key {where}", remedy
        case "missing":
            return f"{where} is missing", f"Add {place[-1]}."
        case "string_type":
            remedy = "Put it in quotes." if value is not None else "Write a text, or remove the key."
            return f"{where} is {value!r}, which is no text", remedy
        case "value_error":
            # A validator of ours: its words are the remedy, and the value itself may be a secret.
            words = str(detail["ctx"]["error"])
            return f"{where} cannot be used", f"{words[:1].upper()}{words[1:]}."
        case "enum":
            return f"{where} is {value!r}", f"Use one of {detail['ctx']['expected']}."
        case _:
            shown = where if isinstance(value, dict | list) else f"{where} is {value!r}"
            return shown, f"{detail['msg']}."


def _located(form: type[BaseModel], loc: Path) -> tuple[Path, list[type[BaseModel]]]:
    """Where in the file one of pydantic's places is, which also names the chosen one of several models, and the models
    one of which stands there; those around it where none does."""
    models, items, place = [form], list[type[BaseModel]](), list[str | int]()
    for part in loc:
        if part == "[key]":
            continue
        chosen = [model for model in models if len(models) > 1 and _is_chosen_by(model, part)]
        if items:
            place.append(part)
            models, items = items, []
        elif chosen:
            models = chosen
        else:
            place.append(part)
            known = models[0].model_fields.get(str(part)) if len(models) == 1 else None
            items = _models_in(known.annotation, within=dict) if known is not None else []
            found = _models_in(known.annotation) if known is not None else []
            models = found or models
    return tuple(place), models


def _is_chosen_by(model: type[BaseModel], tag: object) -> bool:
    return any(
        get_origin(known.annotation) is Literal and tag in get_args(known.annotation)
        for known in model.model_fields.values()
    )


def _models_in(annotation: Any, *, within: type | None = None) -> list[type[BaseModel]]:
    """The models that an annotation allows itself, or as the values of a dict."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation] if within is None else []
    if get_origin(annotation) is dict:
        return _models_in(get_args(annotation)[1]) if within is dict else []
    return [model for argument in get_args(annotation) for model in _models_in(argument, within=within)]


def _drop(data: dict[str, Any], place: Path) -> set[str]:
    """Leave out the smallest whole thing around a problem: a field, or else a top-level key."""
    if not place:
        return set()
    if place[0] == "fields" and len(place) > 1 and isinstance(data.get("fields"), dict):
        data["fields"].pop(place[1], None)
        return {str(place[1])}
    data.pop(str(place[0]), None)
    return set()


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names)
