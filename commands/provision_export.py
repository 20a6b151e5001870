"""provision export: definitions as files, for an administrator to deploy where the API may not change them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import click
from rich.text import Text

from commands.app import App, pass_app
from commands.filters import meant
from commands.views.text import plural
from provision.fields.compare_looks import OPTIONS
from provision.fields.export import deployment_of
from provision.fields.provisioner import refuse_problems_in
from provision.fields.state import Line
from provision.fields.survey import Survey, survey
from sync.errors import SettingsError

_FORMATS = {"sfdx": "salesforce", "mdapi": "salesforce", "hubspot": "hubspot"}
_NEXT = {
    "sfdx": (
        "sf project deploy start --manifest manifest/package.xml    (in {target}, as an administrator)",
        "sf org assign permset --name Tandem_Sync --on-behalf-of USER    (the user that Tandem runs as)",
    ),
    "mdapi": (
        "sf project deploy start --metadata-dir {target}    (as an administrator)",
        "sf org assign permset --name Tandem_Sync --on-behalf-of USER    (the user that Tandem runs as)",
    ),
    "hubspot": (
        "POST each of groups, then create; PATCH each of update and update_groups (docs/guides/provisioning.md)",
    ),
}


@click.command(epilog="Example: tandem provision export --format sfdx tandem-fields")
@click.option(
    "--format", "format_", type=click.Choice(sorted(_FORMATS)), required=True, help="Who is to deploy it."
)
@click.option("--system", "name", metavar="SYSTEM", help="Which one, where several Systems are of this kind.")
@click.option("--force", is_flag=True, help="Replace what stands at TARGET.")
@click.argument("target", type=click.Path(path_type=Path))
@pass_app
def export(app: App, target: Path, *, format_: str, name: str | None, force: bool) -> None:
    """Write the definitions to TARGET: a source project, a zip, or HubSpot's JSON. Writes to no CRM.

    What stands in the CRM is read, so that nobody's picklist value is lost when the files are deployed.
    """
    system = _system(app, _FORMATS[format_], name)
    if target.exists() and not (target.is_file() or target.is_dir()):
        raise SettingsError(
            [f"{target} is a pipe or a device."], remedy="Name a file or a folder that is to be made."
        )
    if target.exists() and not force and not (target.is_dir() and not any(target.iterdir())):
        raise SettingsError(
            [f"{target} exists already; nothing was written."],
            remedy="Name another place, or replace it with: --force",
        )
    settings = app.settings.model_copy(update={"systems": {system: app.settings.systems[system]}})
    connector = app.connected(settings)[system]
    try:
        with app.working("Reading definitions …"):
            connector.identity()
            found = survey(connector, settings.mapping)
            refuse_problems_in(line for line in found.lines if not _of_a_set(found, line))
            export = deployment_of(connector, found)
    finally:
        connector.close()
    files = app.exporters()[format_](settings.systems[system], export)
    _write(target, files)
    app.console.print(
        Text.assemble(
            ("wrote ", "green"),
            f"{target}: {plural(len(export.fields), 'field')}"
            + (f", rights on {len(export.granted)}" if _FORMATS[format_] == "salesforce" else ""),
        )
    )
    app.console.print(Text("Next:", style="bold"))
    for step in (*_NEXT[format_], "tandem provision plan    which is in order once it is deployed"):
        app.console.print(Text(f"  {step.format(target=target)}"), soft_wrap=True)


def _of_a_set(found: Survey, line: Line) -> bool:
    """A value that is missing in a set that fields share: the set is exported with it."""
    held = found.standing.fields.get(line.field)
    return line.attribute == OPTIONS and held is not None and bool(held.value_set)


def _system(app: App, kind: str, name: str | None) -> str:
    able = [system for system, settings in app.settings.systems.items() if settings.kind == kind]
    if name is None and len(able) == 1:
        return able[0]
    if name in able:
        return name
    if not able:
        raise SettingsError([f"No System of kind {kind} is configured."], remedy="Choose another --format.")
    raise SettingsError(
        [
            f"{name} is no System of kind {kind}{meant(name, able)}"
            if name
            else f"Several Systems are of kind {kind}."
        ],
        remedy=f"Name one of them with --system: {', '.join(able)}",
    )


def _write(target: Path, files: Mapping[str, bytes]) -> None:
    try:
        for name, content in files.items():
            path = target / name if name else target
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
    except OSError as error:
        raise SettingsError(
            [f"{error.filename or target} cannot be written: {error.strerror}."],
            remedy="Name a place in a folder that is there and that you may write to.",
        ) from error
