"""Write docs/reference/commands.md from the commands themselves. `make docs` calls this; a test compares the page."""

from __future__ import annotations

import inspect
import re
import textwrap
from collections.abc import Iterator
from pathlib import Path

import click

import cli
from commands.lazy import Named

PAGE = Path(__file__).with_name("reference") / "commands.md"
WIDTH = 110
_HEAD = """\
# Commands

Written by `make docs` from the commands' own helps. `tandem --config PATH` (or `TANDEM_CONFIG`) names the
configuration; without it, `tandem.yaml` in the current folder. Commands that read take `--json`
([what it holds](json.md)); commands that write ask first on a terminal and take `--yes`. How a command ends
is told by its [exit code](exit-codes.md).

"""


def page() -> str:
    """The whole page."""
    commands = list(_leaves(cli.tandem, ("tandem",)))
    parts = [_HEAD]
    for words, command in commands:
        name = " ".join(words)
        parts.append(_wrapped(f"[`{name}`](#{name.replace(' ', '-')}): {_sentence(command)}", bullet=True))
    for words, command in commands:
        parts.append("\n")
        parts.extend(_section(words, command))
    return "".join(parts)


def _leaves(
    command: click.Command, words: tuple[str, ...]
) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    if isinstance(command, Named):
        command = command.load()
    if not isinstance(command, click.Group):
        yield words, command
        return
    for name in sorted(command.commands):
        if not command.commands[name].hidden:
            yield from _leaves(command.commands[name], (*words, name))


def _section(words: tuple[str, ...], command: click.Command) -> Iterator[str]:
    context = click.Context(command, info_name=" ".join(words))
    yield f"## {' '.join(words)}\n\n"
    yield f"```\n{' '.join((*words, *command.collect_usage_pieces(context)))}\n```\n\n"
    for paragraph in inspect.cleandoc(command.help or "").split("\n\n"):
        yield _wrapped(paragraph) + "\n"
    options = [found for parameter in command.params if (found := _option(parameter, context)) is not None]
    if options:
        yield from options
        yield "\n"
    example = (command.epilog or "").removeprefix("Example: ")
    yield f"Example: `{example}`\n"


def _option(parameter: click.Parameter, context: click.Context) -> str | None:
    record = parameter.get_help_record(context) if isinstance(parameter, click.Option) else None
    if record is None:
        return None
    name, told = record
    # What click puts behind the help, such as a default, stands in brackets there.
    return _wrapped(f"`{name}`: {told}" if told else f"`{name}`", bullet=True)


def _sentence(command: click.Command) -> str:
    return command.get_short_help_str(1000).rstrip(".")


def _wrapped(text: str, *, bullet: bool = False) -> str:
    """Lines none of which reads as the beginning of a list."""
    lines = textwrap.wrap(
        " ".join(text.split()),
        WIDTH,
        initial_indent="- " if bullet else "",
        subsequent_indent="  " if bullet else "",
        break_long_words=False,
        break_on_hyphens=False,
    )
    first = lines[:1] if bullet else []
    rest = [re.sub(r"^(\s*)([-+*#] )", r"\1\\\2", line) for line in lines[len(first) :]]
    return "\n".join([*first, *rest]) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
