"""How many records hold a value beyond the contract, or one that would not fit a smaller field, asked of the System."""

from __future__ import annotations

from dataclasses import replace

from connector.base import Connector
from mappings.definitions import DesiredField
from mappings.fields import FieldType
from provision.fields.compare_looks import OPTIONS, RESTRICTED, RETIRE
from provision.fields.state import Action, Line
from provision.fields.survey import Survey


def counted(connector: Connector, found: Survey) -> tuple[Line, ...]:
    """The findings, each that narrows or tells of values beyond the contract with what it means to the records that are
    there.

    A length or a number of digits that records outgrow is refused, as the CRM would refuse it or cut their values.
    One search for each of these findings, which are few.
    """
    wanted = {field.name: field for field in found.mapping.definitions(found.system)}
    return tuple(
        _counted(connector, found, wanted[line.field], line) if line.narrows or _beyond(line) else line
        for line in found.lines
    )


def _beyond(line: Line) -> bool:
    """Values outside the contract that Tandem may not retire: another team's, a package's, a shared set's."""
    return line.attribute == OPTIONS and line.action is Action.WRONG and not line.should


def _counted(connector: Connector, found: Survey, wanted: DesiredField, line: Line) -> Line:
    object = found.schema.object
    if line.attribute in (OPTIONS, RETIRE, RESTRICTED):
        return _values_counted(connector, found, wanted, line)
    if line.attribute == "length":
        records = connector.count_beyond(object, line.field, length=wanted.length)
        return _fits(line, records, f"hold more than {wanted.length} characters")
    if line.attribute == "precision":
        size = 10 ** ((wanted.precision or 0) - (wanted.scale or 0))
        records = connector.count_beyond(object, line.field, size=size)
        held = found.standing.fields[line.field]
        rounded = (held.scale or 0) > (wanted.scale or 0)
        places = f"; all are rounded to {wanted.scale or 0} places" if rounded else ""
        return _fits(line, records, f"hold a number of {size} or more", places)
    return replace(line, effect="what is kept of it so far stays; nothing more is added")


def _values_counted(connector: Connector, found: Survey, wanted: DesiredField, line: Line) -> Line:
    if wanted.type is FieldType.MULTI_ENUM:
        return replace(line, effect="how many records hold one, the System does not count; they keep it")
    ours = [*(option.value for option in wanted.options), *wanted.read_as]
    counts = connector.value_counts(found.schema.object, line.field, besides=ours)
    held = dict(counts.values)
    if line.attribute != RESTRICTED:
        standing = found.standing.fields[line.field].options
        held = {
            option.value: held.get(option.value, 0)
            for option in standing
            if option.active and option.value not in ours
        }
    told = ", ".join(f"{value} on {records:,}" for value, records in sorted(held.items()) if records)
    if counts.others:
        told += f"{', ' if told else ''}further values on {counts.others:,}"
    if not told:
        return replace(line, effect="no record holds one")
    keep = (
        "records keep them" if line.action is Action.WRONG else "these records keep them, and are held back"
    )
    return replace(line, effect=f"{told}; {keep}")


def _fits(line: Line, records: int | None, words: str, more: str = "") -> Line:
    if records is None:
        return replace(line, effect=f"how many records {words}, the System does not count{more}")
    told = f"{records:,} records {words}"
    if records < 2:
        told = f"{'1' if records else 'no'} record {words.replace('hold', 'holds', 1)}"
    effect = f"{told}{more}"
    if line.action is not Action.CHANGE or records == 0:
        return replace(line, effect=effect)
    return replace(
        line,
        action=Action.WRONG,
        effect=effect,
        reason="it holds more than the mapping allows, and records make use of that",
        remedy="Shorten or correct these records first, for they would be refused or cut.",
        blocks=True,
    )
