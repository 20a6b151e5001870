"""A field that is taken over, as a terminal shows it."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.text import Text

from commands.views.listing import Column, Listing
from commands.views.text import FAINT
from provision.fields.adopt import Adoption


def adoption_view(found: Adoption) -> RenderableType:
    """The field, every spelling with its records and meaning, and what the contract adds."""
    head = Text.assemble(
        (found.field, "bold"),
        " in ",
        (f"{found.system}.{found.name}", "bold"),
        (f"  {found.native_type}", FAINT),
    )
    parts: list[RenderableType] = [head]
    if found.spellings:
        parts.append(_spellings(found))
    if found.others:
        parts.append(
            Text(f"  {found.others:,} records hold further values, which were not named.", style="red")
        )
    for canonical, spelled in found.new.items():
        parts.append(Text(f"  {canonical} is new there, and will be written as {spelled}.", style="yellow"))
    parts += [
        Text(
            f"  {canonical} has no value there, and Tandem may not add one: add it in the CRM, then write it "
            "under values in the mapping.",
            style="red",
        )
        for canonical in found.lacking
    ]
    if found.keys.get("required"):
        parts.append(Text("  It takes no blank, and none will be written.", style="yellow"))
    if "zone" in found.keys:
        parts.append(Text(f"  It holds times; a day is that of {found.keys['zone']}.", style="yellow"))
    unknown = [one.value for one in found.spellings if one.means is None]
    if unknown:
        parts.append(
            Text(
                f"  Not mapped: {', '.join(unknown)}. Records that hold it are held back until you say what it "
                "means: --means VALUE=MEANING, or read_as in the mapping.",
                style="red",
            )
        )
    return Group(*parts)


def _spellings(found: Adoption) -> Listing:
    rows = []
    for one in found.spellings:
        means = Text(one.means or "?", style="green" if one.means else "bold red")
        if one.means and not one.written:
            means.append("  (read only as it)", style=FAINT)
        elif one.written and not one.offered and found.is_choice:
            means.append("  (retired there, and made active again by an apply)", style="yellow")
        records = f"{one.records:,}" if one.records is not None else "?"
        rows.append((f"  {one.value}", records, means, Text(one.reason, style=FAINT)))
    return Listing(
        columns=(
            Column(name="  held there", least=18),
            Column(name="records", least=7, right=True),
            Column(name="means", least=14),
            Column(name="why", least=16),
        ),
        rows=rows,
    )
