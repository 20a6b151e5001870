"""A first mapping of what stands in the CRMs: opportunity stages to buyer stages, strange values to rungs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from connector.schemas import Stage
from mappings.files.edit_entries import MappedLine, Section
from mappings.systems import BuyerStage, SystemMapping
from provision.stages.findings import Kind, StageFinding
from provision.stages.opportunity import propose_buyer_stage

#: What marks a line that a person must decide.
DECIDE = "DECIDE"

_STAGES_HEAD = (
    "Opportunity stage -> buyer stage. Closed and won are read from the CRM's own flags, whatever stands here.",
    f"Lines marked {DECIDE} are guesses: put them right, then remove the mark.",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mapped:
    """One line of a first mapping."""

    system: str
    #: Where it stands in the System's file.
    path: tuple[str, ...]
    key: str
    value: str
    #: What it is, and why it is mapped so.
    told: str
    #: The CRM's flags or the same words say it; everything else is for a person.
    sure: bool

    @property
    def entry(self) -> MappedLine:
        """The line as a file has it."""
        return MappedLine(
            key=self.key, value=self.value, comment=self.told if self.sure else f"{DECIDE}: {self.told}"
        )


def map_stages(
    system: SystemMapping,
    stages: Sequence[Stage],
    agreed: Mapping[str, BuyerStage],
    *,
    afresh: bool = False,
) -> tuple[Mapped, ...]:
    """Every opportunity stage with its buyer stage. What is mapped stays as it is, unless ``afresh``."""
    several = len({stage.pipeline for stage in stages}) > 1
    found = []
    for stage in stages:
        siblings = [one for one in stages if one.pipeline == stage.pipeline]
        proposal = propose_buyer_stage(stage, siblings, agreed)
        value, reason, sure = proposal.value, proposal.reason, proposal.sure
        mapped = system.stages.get(stage.id)
        if mapped is not None and not afresh and (stage.closed or not mapped.is_closed):
            value, reason, sure = mapped, "as it was mapped", True
        told = [
            stage.label if stage.label != stage.id else "",
            f"in {stage.pipeline_label}" if several else "",
            "" if stage.active else "inactive",
            stage.meaning,
            reason,
        ]
        found.append(
            Mapped(
                system=system.name,
                path=("stages",),
                key=stage.id,
                value=str(value),
                told=", ".join(filter(None, told)),
                sure=sure,
            )
        )
    return tuple(found)


def map_values(system: SystemMapping, findings: Iterable[StageFinding]) -> tuple[Mapped, ...]:
    """Values beyond a ladder with the rung that each is most like, those that are mapped already first."""
    found: list[Mapped] = []
    for finding in findings:
        if finding.system != system.name or finding.kind is not Kind.OFF_CONTRACT or not finding.proposal:
            continue
        carried = f", on {finding.records:,} records" if finding.records else ""
        label = f"{finding.label}, " if finding.label != finding.value else ""
        found.append(
            Mapped(
                system=system.name,
                path=("fields", finding.canonical or "", "read_as"),
                key=finding.value,
                value=finding.proposal,
                told=f"{label}{finding.stands}{carried}; {finding.because}",
                sure=False,
            )
        )
    ladders = {name for entry in found for name in entry.path[1:2]}
    held = [
        Mapped(
            system=system.name,
            path=("fields", name, "read_as"),
            key=value,
            value=key,
            told="as it was mapped",
            sure=True,
        )
        for name in system.fields
        if name in ladders
        for value, key in system.fields[name].read_as.items()
    ]
    return (*held, *found)


def sections(entries: Iterable[Mapped]) -> tuple[Section, ...]:
    """The lines by their place in the file."""
    found: dict[tuple[str, ...], Section] = {}
    for entry in entries:
        head = _STAGES_HEAD if entry.path == ("stages",) else ()
        known = found.setdefault(entry.path, Section(path=entry.path, entries=(), head=head))
        found[entry.path] = replace(known, entries=(*known.entries, entry.entry))
    return tuple(found.values())
