"""Commands that are known by name and by what they do, and imported when they are called.

Importing all that Tandem can do takes much longer than most of what is asked of it: its help, its version, the
completion of a word, how things stand.
"""

from __future__ import annotations

from importlib import import_module

import click


class Named(click.Command):
    """Stands for a command in the list of commands until it is called."""

    def __init__(self, name: str, place: str, does: str, *, hidden: bool = False) -> None:
        """``place``: module and name of the command itself, with a colon between them."""
        super().__init__(name, help=does, hidden=hidden)
        self._place = place

    def load(self) -> click.Command:
        """The command itself."""
        module, _, attribute = self._place.partition(":")
        found = getattr(import_module(module), attribute)
        assert isinstance(found, click.Command)
        return found


class LazyGroup(click.Group):
    """A group of which only the command that is called is imported."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name, command, rest = super().resolve_command(ctx, args)
        return name, command.load() if isinstance(command, Named) else command, rest
