"""What a command costs before it does anything: processor time, in units of starting Python with click and rich."""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from benchmarks.targets import LIST_UNITS, STATUS_UNITS, Figure

#: As often as it takes for the median to stand.
_TIMES = 9
_TANDEM = ("-m", "cli")
_LIBRARIES = (
    "import click, rich.console, rich.table, ruamel.yaml, sqlalchemy.dialects.sqlite\n"
    "from pydantic import BaseModel"
)
_COMPLETION = {"_TANDEM_COMPLETE": "bash_complete", "COMP_WORDS": "tandem pl", "COMP_CWORD": "1"}


def measure_startup() -> Iterator[Figure]:
    """Each command in a fresh process, over a ledger that is there already."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder)
        # As an installed Tandem runs: with its modules compiled.
        environment = {
            name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"
        } | {"PYTHONPYCACHEPREFIX": str(path / "compiled"), "PYTHONPATH": str(Path(__file__).parents[1])}
        _seconds((*_TANDEM, "init"), path, environment)
        unit = _median(("-c", "import click, rich"), path, environment)
        yield Figure(what="python with click and rich", figure=unit * 1000, unit="ms")

        def ratio(what: str, words: Sequence[str], target: float | None, **more: str) -> Figure:
            return Figure(
                what=f"start: {what}",
                figure=_median(words, path, {**environment, **more}) / unit,
                target=target,
                unit="times that",
            )

        yield ratio("tandem --version", (*_TANDEM, "--version"), LIST_UNITS)
        yield ratio("tandem --help", (*_TANDEM, "--help"), LIST_UNITS)
        yield ratio("one completion", (*_TANDEM,), LIST_UNITS, **_COMPLETION)
        yield ratio("tandem status", (*_TANDEM, "status"), STATUS_UNITS)
        yield ratio("the libraries of tandem status alone", ("-c", _LIBRARIES), None)


def _median(words: Sequence[str], folder: Path, environment: Mapping[str, str]) -> float:
    _seconds(words, folder, environment)  # compiles what has not been imported yet
    return statistics.median(_seconds(words, folder, environment) for _ in range(_TIMES))


def _seconds(words: Sequence[str], folder: Path, environment: Mapping[str, str]) -> float:
    """Processor time of one process, user and system; CalledProcessError where it did not end well."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(  # noqa: S603  the words stand above
        [sys.executable, *words], cwd=folder, env=environment, capture_output=True, check=True
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


if __name__ == "__main__":
    for one in measure_startup():
        target = f"   at most {one.target:g}" if one.target is not None else ""
        print(f"{one.what:45} {one.shown}{target}{'   missed' if one.missed else ''}")
