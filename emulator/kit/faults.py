"""Faults on demand: what the real service does on a bad day, told to the emulator beforehand.

Three sorts of recipe. An *answer* recipe replies instead of the work (or after it). A *rows* recipe makes rows of a
collection fail through the server's own row-error path. A *mode* recipe changes how the server behaves for some
requests or seconds. The server registers its recipes under fault ids of its own; the raw form needs no recipe.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal

from emulator.kit.calls import Call
from emulator.kit.clock import Clock


@dataclass(frozen=True, kw_only=True)
class HttpAnswer:
    """A whole HTTP answer. A dict or list body is sent as JSON, text and bytes as they are."""

    status: int
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)


Options = Mapping[str, Any]
MakeAnswer = Callable[[Call, Options], HttpAnswer]


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """One fault id that a server can produce.

    `answer` is given for whole-response faults; rows and mode recipes leave it None and are asked for by the server's
    handlers through `Taken`. `method` and `path` are the match used where the person names none. `options` names the
    further keys that the recipe takes; others are refused. `work_done` says that the request's work is carried out
    before the bad answer is sent (a gateway that timed out after the write).
    """

    id: str
    summary: str
    sort: Literal["answer", "rows", "mode"]
    answer: MakeAnswer | None = None
    method: str | None = None
    path: str = ""
    options: frozenset[str] = frozenset()
    work_done: bool = False


class FaultRefused(ValueError):
    """A fault that the server cannot produce; `problems` lists all that is wrong with it."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


@dataclass(kw_only=True)
class Fault:
    """One fault that waits for its requests. `remaining` None: no limit by number."""

    number: int
    method: str | None
    path: re.Pattern[str]
    skip: int
    remaining: int | None
    until: datetime | None
    id: str | None
    recipe: Recipe | None
    answer: HttpAnswer | None
    drop: Literal["before", "after"] | None
    delay: float
    work_done: bool
    options: dict[str, Any]

    def as_json(self) -> dict[str, Any]:
        return {
            "number": self.number,
            "fault": self.id,
            "match": {"method": self.method, "path": self.path.pattern},
            "remaining": self.remaining,
            "after": self.skip,
            "until": self.until.isoformat() if self.until else None,
            "status": self.answer.status if self.answer else None,
            "drop": self.drop,
            "delay": self.delay,
            **self.options,
        }


@dataclass(frozen=True, kw_only=True)
class FaultsTaken:
    """What the faults say about one request."""

    answer: HttpAnswer | None = None
    work_done: bool = False
    drop: Literal["before", "after"] | None = None
    delay: float = 0.0
    active: Mapping[str, Options] = field(default_factory=dict)
    name: str | None = None

    def options(self, fault_id: str) -> Options | None:
        """The options of a rows or mode fault that stands for this request, else None."""
        return self.active.get(fault_id)

    def rows(self, fault_id: str, names: Iterable[str]) -> frozenset[int]:
        """Which rows of a collection the fault hits, by index. `names` are the rows' ids, for picking by id.

        The option `rows` lists indexes (numbers) or ids (text); without it the first row is hit.
        """
        options = self.active.get(fault_id)
        if options is None:
            return frozenset()
        wanted = options.get("rows", [0])
        return frozenset(i for i, name in enumerate(names) if i in wanted or (name and name in wanted))


_COMMON = frozenset({"match", "times", "after", "seconds", "fault"})
_RAW = frozenset({"status", "body", "headers", "delay", "drop", "work_done"})
_ROWS = frozenset({"rows", "field", "message"})


class FaultBook:
    """The faults that wait, in the order given. The first whole-response fault that matches answers.

    `natural`: fault ids that need no recipe, because the server behaves so by itself, and how to bring them about.
    """

    def __init__(
        self, clock: Clock, recipes: Iterable[Recipe] = (), *, natural: Mapping[str, str] | None = None
    ) -> None:
        self._clock = clock
        self._natural = natural or {}
        self._recipes = {recipe.id: recipe for recipe in recipes}
        self._faults: list[Fault] = []
        self._count = 0

    @property
    def recipes(self) -> Mapping[str, Recipe]:
        """The supported fault ids."""
        return self._recipes

    def add(self, spec: Mapping[str, Any]) -> Fault:
        """Let a fault wait. Keys: `match` {method, path}, `times` (1), `after` (0), `seconds`, then `fault` with the
        recipe's options, or the raw `status`, `body`, `headers`, or `drop`, or `delay` alone.

        `path` is a regular expression searched from the path's beginning, so a plain prefix works too.
        Raises FaultRefused with every problem.
        """
        problems: list[str] = []
        recipe = self._recipe_of(spec, problems)
        allowed = _COMMON | _RAW if recipe is None else _COMMON | recipe.options | {"delay"}
        if recipe is not None and recipe.sort == "rows":
            allowed |= _ROWS
        if unknown := sorted(set(spec) - allowed):
            problems.append(f"unknown keys: {', '.join(unknown)} (known: {', '.join(sorted(allowed))})")
        match = spec.get("match") or {}
        pattern = self._pattern(match, recipe, problems)
        times = spec.get("times", None if "seconds" in spec else 1)
        if not (times is None or (isinstance(times, int) and times > 0)):
            problems.append("times must be a whole number above 0")
        after = spec.get("after", 0)
        if not (isinstance(after, int) and after >= 0):
            problems.append("after must be a whole number, 0 or more")
        if spec.get("drop") not in (None, "before", "after"):
            problems.append("drop must be before or after")
        if problems:
            raise FaultRefused(problems)
        self._count += 1
        seconds = spec.get("seconds")
        method = match.get("method") or (recipe.method if recipe else None)
        fault = Fault(
            number=self._count,
            method=method.upper() if method else None,
            path=pattern,
            skip=after,
            remaining=times,
            until=self._clock.now() + timedelta(seconds=seconds) if seconds is not None else None,
            id=recipe.id if recipe else None,
            recipe=recipe,
            answer=(
                HttpAnswer(status=spec["status"], body=spec.get("body"), headers=spec.get("headers") or {})
                if "status" in spec
                else None
            ),
            drop=spec.get("drop"),
            delay=float(spec.get("delay", 0)),
            work_done=bool(spec.get("work_done", recipe.work_done if recipe else False)),
            options={key: spec[key] for key in spec if recipe and key in recipe.options | _ROWS},
        )
        self._faults.append(fault)
        return fault

    def _recipe_of(self, spec: Mapping[str, Any], problems: list[str]) -> Recipe | None:
        name = spec.get("fault")
        if name is None:
            if not {"status", "drop", "delay"} & set(spec):
                problems.append("give a fault id, or a status, a drop or a delay")
            return None
        recipe = self._recipes.get(str(name))
        if str(name) in self._natural:
            problems.append(
                f"{name} needs no fault, the server does so by itself: {self._natural[str(name)]}"
            )
        elif recipe is None:
            problems.append(f"unknown fault {name} (supported: {', '.join(sorted(self._recipes))})")
        return recipe

    @staticmethod
    def _pattern(match: Mapping[str, Any], recipe: Recipe | None, problems: list[str]) -> re.Pattern[str]:
        if unknown := sorted(set(match) - {"method", "path"}):
            problems.append(f"unknown keys in match: {', '.join(unknown)} (known: method, path)")
        text = match.get("path") or (recipe.path if recipe else "")
        try:
            return re.compile(text)
        except re.error as error:
            problems.append(f"match.path is no regular expression: {error}")
            return re.compile("")

    def take(self, call: Call) -> FaultsTaken:
        """What stands for this request; every fault that matches is used up by one."""
        answer: HttpAnswer | None = None
        name: str | None = None
        work_done = False
        drop: Literal["before", "after"] | None = None
        delay = 0.0
        active: dict[str, Options] = {}
        for fault in list(self._faults):
            if fault.until is not None and call.at > fault.until:
                self._faults.remove(fault)
                continue
            if (fault.method and fault.method != call.method) or not fault.path.match(call.path):
                continue
            whole = fault.answer or fault.drop or (fault.recipe and fault.recipe.sort == "answer")
            if whole and (answer or drop):
                continue
            if fault.skip:
                fault.skip -= 1
                continue
            self._use(fault)
            delay += fault.delay
            if fault.recipe and fault.recipe.sort != "answer":
                active[fault.recipe.id] = fault.options
                name = name or fault.id
            elif whole:
                drop, work_done = fault.drop, fault.work_done
                name = fault.id or "raw"
                if fault.recipe and fault.recipe.answer:
                    answer = fault.recipe.answer(call, fault.options)
                else:
                    answer = fault.answer
        return FaultsTaken(
            answer=answer, work_done=work_done, drop=drop, delay=delay, active=active, name=name
        )

    def _use(self, fault: Fault) -> None:
        if fault.remaining is not None:
            fault.remaining -= 1
            if fault.remaining == 0:
                self._faults.remove(fault)

    def as_json(self) -> dict[str, Any]:
        return {
            "faults": [fault.as_json() for fault in self._faults],
            "supported": {recipe.id: recipe.summary for recipe in self._recipes.values()},
            "natural": dict(self._natural),
        }

    def clear(self) -> None:
        """Let no fault wait any more."""
        self._faults.clear()
