"""Whatever a person names as a file, a command answers with a sentence and what to type next."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import click
import pytest

import cli
from commands.lazy import Named
from tests.scene import Town
from tests.world import Ran

#: What else a command must be told before it comes to its file.
WORDS: dict[tuple[str, ...], tuple[str, ...]] = {
    ("provision", "export"): ("--format", "mdapi", "--force"),
    ("undo",): ("260302-091500",),
    ("emulator", "serve"): ("--salesforce-port", "1", "--hubspot-port", "1"),
    ("ledger", "restore"): ("--yes",),
    ("apply",): ("--yes",),
    ("stages", "apply"): ("--yes",),
    ("provision", "apply"): ("--yes",),
    ("conflicts", "import"): ("--yes",),
    ("matches", "import"): ("--yes",),
}
READS = {
    "--config",
    "apply FILE",
    "conflicts import FILE",
    "ledger restore FILE",
    "matches import FILE",
    "provision apply FILE",
    "scores import FILE",
    "stages apply FILE",
}
WRITES = {
    "conflicts export FILE",
    "ledger backup FILE",
    "matches export FILE",
    "plan -o",
    "provision export TARGET",
    "provision plan -o",
    "stages plan -o",
    "undo -o",
}
#: They are made and removed whole, and have tests of their own.
FOLDERS = {"demo --folder", "emulator serve --state"}


def parameters() -> Iterator[tuple[str, tuple[str, ...], click.Parameter]]:
    """Every parameter of every command that is a file or a folder."""

    def walk(
        command: click.Command, words: tuple[str, ...]
    ) -> Iterator[tuple[tuple[str, ...], click.Parameter]]:
        command = command.load() if isinstance(command, Named) else command
        yield from ((words, found) for found in command.params if isinstance(found.type, click.Path))
        if isinstance(command, click.Group):
            for name, below in command.commands.items():
                yield from walk(below, (*words, name))

    for words, parameter in walk(cli.tandem, ()):
        shown = parameter.opts[0] if isinstance(parameter, click.Option) else parameter.human_readable_name
        yield " ".join((*words, shown)), words, parameter


PARAMETERS = {name: (words, parameter) for name, words, parameter in parameters()}


def a_pipe(place: Path) -> Path:
    os.mkfifo(place)
    return place


def a_socket(place: Path) -> Path:
    with socket.socket(socket.AF_UNIX) as made:
        # The name of a socket is short.
        here = Path.cwd()
        os.chdir(place.parent)
        try:
            made.bind(place.name)
        finally:
            os.chdir(here)
    return place


def holding(data: bytes) -> Callable[[Path], Path]:
    def make(place: Path) -> Path:
        place.write_bytes(data)
        return place

    return make


def a_folder(place: Path) -> Path:
    place.mkdir()
    return place


KINDS: dict[str, Callable[[Path], Path]] = {
    "nothing": lambda place: place / "that" / "is" / "there",
    "a name too long": lambda place: place.with_name("x" * 300),
    "below a file": lambda place: holding(b"x")(place) / "below",
    "empty": holding(b""),
    "blank": holding(b" \n\n"),
    "comments": holding(b"# nothing\n# at all\n"),
    "a list": holding(b"- one\n- two\n"),
    "a list in JSON": holding(b'["one", {"two": 3}]'),
    "a word": holding(b"hello\n"),
    "JSON of something else": holding(b'{"format": 1, "kind": "pipeline", "changes": {}}'),
    "too deep": holding(b"[" * 100_000),
    "binary": holding(bytes(range(256)) * 20),
    "Latin-1": holding("systems: é\n".encode("latin-1")),
    "UTF-16": holding("systems: {}\n".encode("utf-16")),
    "UTF-16 without a mark": holding("systems: {}\n".encode("utf-16-le")),
    "a folder": a_folder,
    "a pipe": a_pipe,
    "a socket": a_socket,
    "an endless device": lambda _place: Path("/dev/zero"),
    "a full device": lambda _place: Path("/dev/full"),
}
#: What nothing can be written to.
CLOSED = ("nothing", "a name too long", "below a file", "a folder", "a pipe", "a socket", "a full device")
#: What the configuration names.
NAMED = ("mapping/canonical.yaml", "mapping/hubspot.yaml", "mapping", "scores.csv", "tandem.db")


def call(town: Town, name: str, path: Path) -> Ran:
    words, parameter = PARAMETERS[name]
    given = (parameter.opts[0], str(path)) if isinstance(parameter, click.Option) else (str(path),)
    if not words:
        return town.world.run(*given, "status")
    return town.world.run(*words, *given, *WORDS.get(words, ()))


def test_every_file_that_a_command_takes_is_tried() -> None:
    assert set(PARAMETERS) == READS | WRITES | FOLDERS


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", sorted(READS))
def test_what_cannot_be_read_is_told_with_what_to_do(
    town: Town, tmp_path: Path, name: str, kind: str
) -> None:
    ran = call(town, name, KINDS[kind](tmp_path / "given"))
    if name == "scores import FILE" and (kind, ran.code) == ("a word", 2):
        assert "Nothing was imported" in ran.text or "what to do" in ran.text
    assert ran.code in {1, 2, 5}, ran.text
    assert "Traceback" not in ran.text
    assert "codec" not in ran.text
    assert "error " in ran.err
    assert "what to do" in ran.err, ran.err


@pytest.mark.parametrize(
    "kind", ["nothing", "a name too long", "below a file", "a folder", "a pipe", "a socket", "a full device"]
)
@pytest.mark.parametrize("name", sorted(WRITES))
def test_what_cannot_be_written_is_told_with_what_to_do(
    town: Town, tmp_path: Path, name: str, kind: str
) -> None:
    place = tmp_path / "given"
    path = KINDS[kind](place)
    if name == "undo -o":
        scene = town.scene()
        scene.marketing(hs_ideal_customer_profile="tier_1")
        ran = town.world.run("undo", scene.sync(), "-o", str(path))
    else:
        ran = call(town, name, path)
    if name == "provision export TARGET" and kind in {"nothing", "a folder"} and ran.code == 0:
        # It makes the folders on the way, and fills an empty one.
        return
    assert ran.code in {1, 2, 5}, ran.text
    assert "Traceback" not in ran.text
    assert "error " in ran.err
    assert "what to do" in ran.err, ran.err


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "file", ["mapping/canonical.yaml", "mapping/hubspot.yaml", "mapping", "scores.csv", "tandem.db"]
)
def test_a_file_that_the_configuration_names_is_told_with_what_to_do(
    town: Town, tmp_path: Path, file: str, kind: str
) -> None:
    mapping = tmp_path / "mapping"
    if file.startswith("mapping/"):
        mapping.mkdir()
    made = KINDS[kind](tmp_path / file)
    if file.startswith("mapping/") and not made.is_relative_to(mapping):
        (tmp_path / file).symlink_to(made)
    if file == "tandem.db":
        more, command = f"ledger: sqlite:///{made}", ["status"]
    elif file == "scores.csv":
        more, command = f"scores: {{source: csv, path: '{made}', key: domain}}", ["scores", "import"]
    else:
        more, command = f"mapping: '{made if file == 'mapping' else mapping}'", ["status"]
    town.world.configure(more)
    ran = town.world.run(*command)
    if ran.code in {0, 4}:
        # A file of the mapping that says nothing amends nothing; a ledger is made where there is none.
        assert kind in {"empty", "blank", "comments", "nothing"}
        assert file != "mapping"
        return
    assert ran.code in {1, 2, 5}, ran.text
    assert "codec" not in ran.text
    assert "error " in ran.err
    assert "what to do" in ran.err, ran.err
