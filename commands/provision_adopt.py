"""provision adopt: take over a field that a CRM has already, with the spellings of its values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path

import click
from rich.text import Text

from commands.app import App, json_option, pass_app, yes_option
from commands.filters import meant
from commands.views.adopt import adoption_view
from connector.base import Connector, ObjectSchema
from connector.errors import AuthFailed, Unsupported
from mappings.files.edit_entries import MappedLine, Section, with_block
from mappings.files.folder import change, file_of
from mappings.files.text_file import read_text
from mappings.systems import NativeField, SystemMapping
from provision.fields.adopt import Adoption, has_spellings, may_be_counted, meaningless, misnamed, refusals
from provision.fields.adopt import adopt as adopt_field
from provision.fields.compare import writes
from provision.fields.state import StandingField
from provision.fields.translate import standing_of
from sync.core.resolutions import of_label
from sync.errors import DefinitionsRefused, SettingsError
from sync.settings.load import Settings


@click.command(epilog="Example: tandem provision adopt tier hubspot account_priority")
@click.argument("field")
@click.argument("system")
@click.argument("native_name")
@click.option(
    "--means",
    "means",
    multiple=True,
    metavar="VALUE=MEANING",
    help="What a value of NATIVE_NAME means, where it is not told by its words. May be given several times.",
)
@yes_option
@json_option
@pass_app
def adopt(
    app: App,
    field: str,
    system: str,
    native_name: str,
    *,
    means: Sequence[str],
    yes: bool,
    as_json: bool,
) -> None:
    """Keep FIELD in SYSTEM's own field NATIVE_NAME: writes it into the mapping. Writes to no CRM.

    The spellings that its records hold are counted and mapped to the values of the contract. What was mapped before of
    the same field stays.
    """
    settings = app.settings_to_adopt(field)
    given = dict(word.rpartition("=")[::2] for word in means)
    if any(not value or not key for value, key in given.items()):
        raise click.UsageError("--means takes a value, = and what it means: --means Platinum=tier_1")
    problems = [
        f"There is no {what} {given}{meant(given, known)} There is {', '.join(known)}."
        for what, given, known in (
            ("field", field, settings.mapping.fields),
            ("System", system, settings.systems),
        )
        if given not in known
    ]
    if problems:
        raise SettingsError(problems, remedy="Name them as canonical.yaml and tandem.yaml do.")
    if settings.mapping_folder is None:
        raise SettingsError(
            ["The built-in mapping is in use, which cannot be changed."],
            remedy="Write a mapping of your own with: tandem init. Then name its folder in tandem.yaml (mapping:).",
        )
    canonical = settings.mapping.fields[field]
    said = {value: of_label(canonical, meaning) or meaning for value, meaning in given.items()}
    with app.working("Reading the field and counting its values …"):
        found = _examine(app, settings, field, system, native_name, said)
    if as_json:
        app.json(asdict(found))
    else:
        app.console.print(adoption_view(found))
    file = file_of(settings.mapping_folder, system, settings.mapping.systems)
    app.confirm(f"Write this into {file.name}?", yes=yes)
    _write(settings, file, settings.mapping_folder, found)
    if not as_json:
        app.console.print(Text.assemble(("wrote ", "green"), str(file)))
        app.console.print(Text("See what is left with: tandem provision plan", style="bold"))


def _examine(
    app: App, settings: Settings, field: str, system: str, native_name: str, said: Mapping[str, str]
) -> Adoption:
    spelled = settings.mapping.systems[system]
    canonical = settings.mapping.fields[field]
    connector = app.connected(settings.model_copy(update={"systems": {system: settings.systems[system]}}))[
        system
    ]
    try:
        identity = connector.identity()
        schema = connector.schema(spelled.account_object)
        held = _held(schema, standing_of(schema, connector.kind).fields, spelled, native_name)
        against = refusals(
            canonical,
            held,
            spelled,
            written=writes(settings.mapping, system, field),
            managed=schema.fields[native_name].managed,
        )
        _refuse(against)
        held = replace(held, value_set=_value_set(connector, spelled.account_object, held))
        counted = (
            connector.value_counts(spelled.account_object, native_name)
            if has_spellings(canonical, held) and may_be_counted(canonical)
            else None
        )
    finally:
        connector.close()
    found = adopt_field(
        canonical,
        held,
        spelled,
        counted.values if counted is not None else None,
        counted.others if counted is not None else 0,
        given={**_mapped_before(spelled.fields.get(field), native_name), **said},
        zone=identity.time_zone,
    )
    wrong = misnamed(canonical, found, said, spelled)
    if wrong:
        raise SettingsError(wrong, remedy="Nothing was written.")
    _refuse(meaningless(canonical, found, spelled))
    return found


def _value_set(connector: Connector, object: str, held: StandingField) -> str:
    """The set that a picklist shares its values in; whoever may not look is told by the next plan."""
    if not (held.options and held.custom):
        return ""
    try:
        stored = connector.stored_fields(object, [held.name])
    except (AuthFailed, Unsupported):
        return ""
    return (stored[held.name].value_set or "") if held.name in stored else ""


def _mapped_before(native: NativeField | None, name: str) -> Mapping[str, str]:
    """What the mapping says already of the same field's values, as somebody may have put them right."""
    if native is None or native.name != name:
        return {}
    return {**{spelling: key for key, spelling in native.values.items()}, **native.read_as}


def _refuse(against: Sequence[str]) -> None:
    if against:
        raise DefinitionsRefused("\n".join(against), remedy="Nothing was written.")


def _held(
    schema: ObjectSchema, fields: Mapping[str, StandingField], spelled: SystemMapping, name: str
) -> StandingField:
    held = fields.get(name)
    if held is not None:
        return held
    problem = f"{spelled.name} has no field {name} on {schema.object}"
    if name in schema.invisible:
        remedy = "It is there, and hidden: let the connected user see and edit it, then run again."
        raise DefinitionsRefused(f"{problem}.", remedy=remedy)
    named = {known.casefold(): known for known in fields}.get(name.casefold())
    if named is not None:
        raise SettingsError([f"{problem}."], remedy=f"Write it as the System does: {named}")
    raise SettingsError(
        [f"{problem}{meant(name, fields)}"],
        remedy="Look the field's API name up in the CRM, and see that the connected user may read it.",
    )


def _write(settings: Settings, file: Path, folder: Path, found: Adoption) -> None:
    """Write it, unless the mapping as a whole would be refused then."""
    before = read_text(file) if file.exists() else ""
    entries = [MappedLine(key=key, value=value) for key, value in found.keys.items()]
    section = Section(path=("fields", found.field), entries=entries)
    text = with_block(file.name, before, section)
    change(folder, {file: text}, settings.mapping.systems.values(), adopting=found.field)
