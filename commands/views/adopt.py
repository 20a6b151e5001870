"""A field that is taken over, as a terminal shows it."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from provision.fields.adopt import Adoption

_FAINT = "bright_black"


def adoption_view(found: Adoption) -> RenderableType:
    """The field, every spelling with its records and meaning, and what the contract adds."""
    head = Text.assemble(
        (found.field, "bold"),
        " in ",
        (f"{found.system}.{found.name}", "bold"),
        (f"  {found.native_type}", _FAINT),
    )
    parts: list[RenderableType] = [head]
    if found.spellings:
        table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style=_FAINT)
        table.add_column("  held there")
        table.add_column("records", justify="right")
        table.add_column("means")
        table.add_column("why")
        for one in found.spellings:
            means = Text(one.means or "?", style="green" if one.means else "bold red")
            if one.means and not one.written:
                means.append("  (read only as it)", style=_FAINT)
            elif one.written and not one.offered and found.is_choice:
                means.append("  (retired there, and made active again by an apply)", style="yellow")
            records = f"{one.records:,}" if one.records is not None else "?"
            table.add_row(Text(f"  {one.value}"), records, means, Text(one.reason, style=_FAINT))
        parts.append(table)
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
