"""What the pages say is what the code does: commands, options, exit codes, keys, functions, links."""

import ast
import json
import re
import runpy
import shlex
from collections.abc import Iterator, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any, get_args

import click
import pytest
from pydantic import BaseModel

import cli
from commands.exit_codes import Exit
from commands.lazy import Named
from sync.settings import load, systems

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
_COMMAND = re.compile(r"`tandem ([a-z][^`]*)`")
_TYPED = re.compile(r"^(?:\$ )?tandem (.+)$")
#: The words that stand for something a person fills in.
_PLACEHOLDER = re.compile(r"[A-Z][A-Z_]+|…|\.\.\.|\[.*|\{.*")


def loaded(command: click.Command) -> click.Command:
    return command.load() if isinstance(command, Named) else command


def leaves(group: click.Group, words: tuple[str, ...] = ()) -> Iterator[tuple[str, click.Command]]:
    for name, listed in group.commands.items():
        command = loaded(listed)
        if isinstance(command, click.Group):
            yield from leaves(command, (*words, name))
        else:
            yield " ".join((*words, name)), command


COMMANDS: Mapping[str, click.Command] = dict(leaves(cli.tandem))


def wrong_with(words: list[str]) -> str | None:
    """Why a typed command would not be understood; None where it would."""
    command: click.Command = cli.tandem
    rest = list(words)
    while rest and isinstance(command, click.Group):
        if rest[0] == "--config":
            rest = rest[2:]
            continue
        if command is cli.tandem and rest[0] in {"--version", "-h", "--help"}:
            return None
        word = rest.pop(0)
        for part in word.split("|"):
            if part not in command.commands:
                return f"no command {part!r}"
        command = loaded(command.commands[word.split("|")[0]])
    if isinstance(command, click.Group) and rest:
        return f"no command {rest[0]!r}"
    known = {option for parameter in command.params for option in parameter.opts} | {"-h", "--help"}
    unknown = [word for word in rest if word.startswith("-") and word.split("=")[0] not in known]
    return f"no option {unknown[0]}" if unknown else None


def typed_commands(text: str) -> Iterator[str]:
    for found in _COMMAND.finditer(text):
        yield found[1]
    for block in re.findall(r"```\w*\n(.*?)```", text, flags=re.DOTALL):
        for line in block.splitlines():
            if (match := _TYPED.match(line.strip())) is not None:
                yield match[1].split("#")[0]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_command_and_option_in_a_page_exists(page: Path) -> None:
    wrong = [
        f"tandem {typed}: {problem}"
        for typed in typed_commands(page.read_text(encoding="utf-8"))
        if (problem := wrong_with(shlex.split(typed.replace("'", "")))) is not None
    ]
    assert not wrong


def test_a_command_that_does_not_exist_is_found_out() -> None:
    assert wrong_with(["conflict", "list"]) is not None
    assert wrong_with(["plan", "--dry"]) is not None
    assert wrong_with(["conflicts", "list|shew"]) is not None
    assert wrong_with(["--config", "x.yaml", "conflicts", "list|show", "--json"]) is None


def script(name: str) -> dict[str, Any]:
    """What a script in docs/ defines."""
    return runpy.run_path(str(ROOT / "docs" / name))


def test_the_page_of_the_commands_is_what_the_commands_say() -> None:
    made = script("write_commands.py")
    assert made["PAGE"].read_text(encoding="utf-8") == made["page"](), "run: make docs"
    described = set(re.findall(r"^## tandem (.+)$", made["page"](), flags=re.MULTILINE))
    assert described == set(COMMANDS)


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_says_what_it_does_and_shows_an_example_that_works(name: str) -> None:
    command = COMMANDS[name]
    assert command.help
    example = (command.epilog or "").removeprefix("Example: ")
    assert example.startswith(f"tandem {name}")
    assert wrong_with(shlex.split(example.removeprefix("tandem "))) is None


def test_the_exit_codes_in_the_pages_are_those_of_the_code() -> None:
    text = (ROOT / "docs/reference/exit-codes.md").read_text(encoding="utf-8")
    told = {int(code) for code in re.findall(r"^\| (\d+) \| ", text, flags=re.MULTILINE)}
    assert told == {int(code) for code in Exit}


def keys(model: type[BaseModel], prefix: str = "") -> Iterator[str]:
    """Every key of a section, sections within it by their own keys."""
    for name, field in model.model_fields.items():
        inner: Any = field.annotation
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            yield from keys(inner, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}"


def section(text: str, title: str) -> str:
    after = text.split(f"{title}\n", 1)[1]
    return re.split(r"^#+ ", after, maxsplit=1, flags=re.MULTILINE)[0]


@pytest.mark.parametrize(
    ("title", "model"),
    [
        ("# Configuration: tandem.yaml", load.SettingsFile),
        ("## A Salesforce System", systems.SalesforceSystem),
        ("## A HubSpot System", systems.HubSpotSystem),
    ],
)
def test_the_keys_in_the_page_are_the_keys_of_the_settings(title: str, model: type[BaseModel]) -> None:
    text = (ROOT / "docs/reference/configuration.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `([\w.]+)` \|", section(text, title), flags=re.MULTILINE)
    assert set(rows) == set(keys(model))


@pytest.mark.parametrize(
    ("title", "methods"),
    [("## A Salesforce System", systems.SalesforceAuth), ("## A HubSpot System", systems.HubSpotAuth)],
)
def test_the_methods_of_auth_in_the_page_are_those_of_the_settings(title: str, methods: Any) -> None:
    text = section((ROOT / "docs/reference/configuration.md").read_text(encoding="utf-8"), title)
    told = " ".join(text.split("Methods of `auth`: ", 1)[1].split())
    union, _ = get_args(methods)
    for model in get_args(union):
        (method,) = get_args(model.model_fields["method"].annotation)
        described = told.split(f"`{method}` (", 1)[1].split(")", 1)[0]
        assert set(re.findall(r"`(\w+)`", described)) | {"method"} >= set(model.model_fields)


def test_every_function_that_the_lifecycle_names_exists() -> None:
    text = (ROOT / "docs/contribute/lifecycle.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`((?:[a-z_]+\.)+[A-Za-z_]+|[A-Z][A-Za-z]+\.[a-z_]+)`", text))
    modules = [
        import_module(".".join(path.relative_to(ROOT).with_suffix("").parts))
        for room in ("abm", "provision", "service", "sync", "mappings")
        for path in sorted((ROOT / room).rglob("*.py"))
        if path.stem != "__init__" and "migrations" not in path.parts
    ]
    modules += [import_module(name) for name in ("connector.base", "commands.app")]
    missing = [name for name in sorted(named) if not _exists(name, modules)]
    assert not missing


def _exists(name: str, modules: list[Any]) -> bool:
    first, *rest = name.split(".")
    places = [*modules, *(module for module in modules if module.__name__.rpartition(".")[2] == first)]
    for place in places:
        found = place if place.__name__.rpartition(".")[2] == first else getattr(place, first, None)
        for part in rest:
            found = getattr(found, part, None)
        if found is not None:
            return True
    # A name with its whole path: sync.ledger.ledger.Ledger.open
    parts = name.split(".")
    for cut in range(len(parts) - 1, 0, -1):
        try:
            found = import_module(".".join(parts[:cut]))
        except ImportError:
            continue
        for part in parts[cut:]:
            found = getattr(found, part, None)
        return found is not None
    return name.endswith((".py", ".yaml", ".md"))


def anchors(text: str) -> set[str]:
    """The anchors that a page's headings give it, as GitHub makes them."""
    found: set[str] = set()
    for heading in re.findall(
        r"^#+ (.+)$", re.sub(r"```.*?```", "", text, flags=re.DOTALL), flags=re.MULTILINE
    ):
        words = re.sub(r"[^\w\- ]", "", re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).lower())
        name = plain = words.strip().replace(" ", "-")
        number = 0
        while name in found:
            number += 1
            name = f"{plain}-{number}"
        found.add(name)
    return found


def broken_links(page: Path, text: str) -> list[str]:
    """Links of a page to files and headings that are not there."""
    broken = []
    for link in re.findall(r"\]\(([^)\s]+)\)", re.sub(r"```.*?```", "", text, flags=re.DOTALL)):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = link.partition("#")
        target = page.parent / path if path else page
        there = text if not path else target.read_text(encoding="utf-8") if target.is_file() else ""
        if not target.exists() or (anchor and anchor not in anchors(there)):
            broken.append(link)
    return broken


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_within_the_repository_leads_somewhere(page: Path) -> None:
    assert broken_links(page, page.read_text(encoding="utf-8")) == []


def test_a_link_that_leads_nowhere_is_found_out() -> None:
    page = ROOT / "docs" / "README.md"
    links = "[a](#one-thing-1) [b](README.md#the-pages) [c](README.md#no) [d](no.md) [e](#no)"
    text = f"# One thing\n\n## One thing\n\n{links}"
    assert broken_links(page, text) == ["README.md#no", "no.md", "#no"]


def test_the_index_links_every_page_and_the_readme_the_index() -> None:
    index = ROOT / "docs" / "README.md"
    linked = {
        (index.parent / link.partition("#")[0]).resolve()
        for link in re.findall(r"\]\(([^):\s]+)\)", index.read_text(encoding="utf-8"))
    }
    pages = {
        page
        for page in ROOT.glob("docs/**/*.md")
        if page != index and page.parent != ROOT / "docs" / "decisions"
    }
    assert pages <= linked
    assert "](docs/README.md)" in (ROOT / "README.md").read_text(encoding="utf-8")


def test_every_decision_has_a_number_of_its_own_and_shows_it_in_its_title() -> None:
    decisions = sorted((ROOT / "docs" / "decisions").glob("*.md"))
    assert [path.name[:4] for path in decisions] == [f"{number:04}" for number in range(len(decisions))]
    titles = [path.read_text(encoding="utf-8").splitlines()[0] for path in decisions]
    assert [title[:8] for title in titles[1:]] == [f"# {path.name[:4]}. " for path in decisions[1:]]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_no_line_of_a_page_is_longer_than_120_characters(page: Path) -> None:
    # A row of a table is one line by the form of the table.
    lines = page.read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if len(line) > 120 and not line.startswith("|")] == []


def said(path: Path) -> Iterator[str]:
    """The texts in a file of code; what is filled in shows as …"""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.JoinedStr):
            yield "".join(part.value if isinstance(part, ast.Constant) else "…" for part in node.values)  # type: ignore[misc]
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


#: Where a command that a sentence names has ended at the latest.
_ENDED = re.compile(r"[.,;:!?](?:\s|$)|[)`\"”\n…]|\s\(|\s{3}")


def hints(text: str) -> Iterator[str]:
    """The commands that a message tells people to type, as far as they can be told from the sentence around them."""
    for found in re.finditer(r"\btandem (?=(?:--config \S+ )?[a-z])", text):
        rest = text[found.end() :]
        ended = _ENDED.search(rest)
        yield rest[: ended.start()] if ended else rest


def test_every_command_and_option_that_a_message_names_exists() -> None:
    rooms = [path.parent for path in ROOT.glob("*/__init__.py") if path.parent.name != "benchmarks"]
    files = [*ROOT.glob("*.py"), *(file for room in rooms for file in sorted(room.rglob("*.py")))]
    found = [
        (file.relative_to(ROOT).as_posix(), hint)
        for file in files
        for text in said(file)
        for hint in hints(text)
    ]
    wrong = [
        f"{place}: tandem {hint}: {problem}"
        for place, hint in found
        if (problem := wrong_with([word for word in hint.replace("'", "").split() if word != "-"]))
        is not None
    ]
    assert wrong == []
    assert len(found) > 200


def test_a_message_that_names_a_command_that_is_not_there_is_found_out() -> None:
    (told,) = hints("Decide it with: tandem conflicts decide 3. Then go on")
    assert wrong_with(told.split()) == "no command 'decide'"
    (told,) = hints("see all (tandem plan --everything), or none")
    assert wrong_with(told.split()) == "no option --everything"


def test_every_message_of_the_troubleshooting_page_is_one_that_the_code_says() -> None:
    page = ROOT / "docs" / "operate" / "troubleshooting.md"
    told = re.findall(r"^### `(.+)`$", page.read_text(encoding="utf-8"), flags=re.MULTILINE)
    rooms = [path.parent for path in ROOT.glob("*/__init__.py")]
    files = [*ROOT.glob("*.py"), *(file for room in rooms for file in sorted(room.rglob("*.py")))]
    texts = [text for file in files for text in said(file)]
    assert len(told) > 20
    assert [message for message in told if not any(message in text for text in texts)] == []


def test_the_picture_of_the_rooms_is_drawn_from_their_imports() -> None:
    made = script("draw_architecture.py")
    assert made["PICTURE"].read_text(encoding="utf-8") == made["picture"](), "run: make docs"
    page = (ROOT / "docs" / "contribute" / "architecture.md").read_text(encoding="utf-8")
    assert set(re.findall(r"^\| `(\w+)` \|", page, flags=re.MULTILINE)) == set(made["rooms"]())


def logged_actions() -> set[str]:
    """Every ``action`` that is written to the service's log."""
    found: set[str] = set()
    for file in [path for room in ROOT.glob("*/__init__.py") for path in room.parent.rglob("*.py")]:
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call) or not ast.unparse(node.func).startswith("log."):
                continue
            found |= {word.value.value for word in node.keywords if word.arg == "action"}  # type: ignore[attr-defined]
    return found


def test_the_log_and_the_keys_of_status_are_as_the_page_on_monitoring_says() -> None:
    page = (ROOT / "docs" / "operate" / "monitoring.md").read_text(encoding="utf-8")
    table = section(page, "## The log of the service")
    told = {
        word
        for cell in re.findall(r"^\| (`.+?) \|", table, flags=re.MULTILINE)
        for word in re.findall(r"`(\w+)`", cell)
    }
    assert told == logged_actions()
    status = json.loads((ROOT / "docs/reference/json/status.json").read_text(encoding="utf-8"))["properties"]
    keys_told = set(re.findall(r"`(\w+)(?:\[0\]\.\w+)?`", section(page, "## What to ask"))) - {"null", "ok"}
    assert keys_told <= set(status)
    assert len(keys_told) > 5
