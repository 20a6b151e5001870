"""The files of an administrator's own mapping folder: which one speaks for a System, and how they are changed."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from mappings.errors import MappingError
from mappings.files.load import load
from mappings.systems import SystemMapping


def file_of(folder: Path, system: str, systems: Mapping[str, SystemMapping]) -> Path:
    """The System's own file where there is one or where its kind's would speak for others too."""
    own = folder / f"{system}.yaml"
    kind = systems[system].kind
    alone = sum(other.kind is kind for other in systems.values()) == 1
    return folder / f"{kind}.yaml" if alone and not own.exists() else own


def put(path: Path, text: str) -> None:
    """Write a file beside its place and then put it there, so that nobody ever reads half of it. OSError."""
    draft = path.with_name(f".{path.name}.new")
    draft.write_text(text, encoding="utf-8")
    draft.replace(path)


def change(
    folder: Path, texts: Mapping[Path, str], systems: Iterable[SystemMapping], *, adopting: str | None = None
) -> None:
    """Put these texts in their places, unless the mapping as a whole would be refused then: ``MappingError``, and
    nothing is written. ``adopting``: see ``load``."""
    kinds = {system.name: str(system.kind) for system in systems}
    with tempfile.TemporaryDirectory() as scratch:
        copy = Path(scratch) / folder.name
        copy.mkdir()
        for file in folder.glob("*.yaml") if folder.is_dir() else ():
            shutil.copyfile(file, copy / file.name)
        for file, text in texts.items():
            (copy / file.name).write_text(text, encoding="utf-8")
        try:
            load(copy, kinds, adopting=adopting)
        except MappingError as error:
            told = [replace(one, file=one.file.replace(str(copy), str(folder))) for one in error.problems]
            raise MappingError(told) from None
    folder.mkdir(parents=True, exist_ok=True)
    for file, text in texts.items():
        put(file, text)
