"""The mapping files of the stage contract: what a first mapping would write into them, and what stands there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from commands.app import App
from mappings.files.edit_entries import keys_at, lines_at, with_section
from mappings.files.folder import change, file_of
from mappings.files.text_file import read_text
from provision.stages.contract import StageContract, StageReport
from provision.stages.findings import Kind, StageFinding
from provision.stages.first_mapping import DECIDE, Mapped, map_stages, map_values, sections

#: Where a first mapping goes when tandem.yaml names no folder.
FOLDER = "mappings"


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftFile:
    """A mapping file as it would be."""

    file: Path
    #: What would be written anew.
    entries: tuple[Mapped, ...]
    text: str
    changed: bool


def drafts(app: App, contract: StageContract, report: StageReport, *, force: bool) -> list[DraftFile]:
    """The files of a first mapping. What a person mapped or decided stays, unless ``force``."""
    found = []
    folder = _folder(app)
    for name, system in contract.mapping.systems.items():
        file = file_of(folder, name, contract.mapping.systems)
        before = _text(file)
        entries = (
            *map_stages(system, contract.standing[name], contract.agreed(name), afresh=force),
            *map_values(system, report.findings),
        )
        text, new = before, []
        for section in sections(entries):
            there = keys_at(str(file), before, section.path) or ()
            text = with_section(str(file), text, section, replace=force)
            new += [
                entry for entry in entries if entry.path == section.path and (force or entry.key not in there)
            ]
        found.append(DraftFile(file=file, entries=tuple(new), text=text, changed=text != before))
    return [draft for draft in found if draft.entries]


def write(app: App, found: Sequence[DraftFile]) -> None:
    """All of them or, where the mapping would be refused with them, none: ``MappingError``."""
    texts = {draft.file: draft.text for draft in found}
    change(_folder(app), texts, app.settings.mapping.systems.values())


def with_places(app: App, report: StageReport) -> StageReport:
    """The report with file and line where a finding is about an entry that a person wrote."""
    return replace(report, findings=tuple(_placed(app, finding) for finding in report.findings))


def _placed(app: App, finding: StageFinding) -> StageFinding:
    if finding.kind not in {Kind.GONE, Kind.OVERRULED}:
        return finding
    file = file_of(_folder(app), finding.system, app.settings.mapping.systems)
    line = lines_at(str(file), _text(file), ("stages",)).get(finding.value)
    return finding if line is None else replace(finding, where=f"{shown(app, file)}:{line}")


def undecided(app: App) -> list[str]:
    """File and line of each guess whose mark nobody has removed."""
    systems = app.settings.mapping.systems
    files = dict.fromkeys(file_of(_folder(app), name, systems) for name in systems)
    return [f"{shown(app, file)}:{line}" for file in files for line in _marked(_text(file))]


def _marked(text: str) -> Iterator[int]:
    for number, line in enumerate(text.splitlines(), start=1):
        if f"# {DECIDE}:" in line:
            yield number


def shown(app: App, file: Path) -> str:
    """A file as people name it from where the configuration stands."""
    base = app.settings.file.parent
    return str(file.relative_to(base)) if file.is_relative_to(base) else str(file)


def guesses(found: Sequence[DraftFile]) -> int:
    """How many entries a person must decide."""
    return sum(not entry.sure for draft in found for entry in draft.entries)


def _text(file: Path) -> str:
    return read_text(file) if file.exists() else ""


def _folder(app: App) -> Path:
    settings = app.settings
    return settings.mapping_folder or settings.file.parent / FOLDER
