"""The lock pins what pyproject.toml asks for, on every Python that it promises."""

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
PYTHONS = ("3.11", "3.12", "3.13")


def pinned() -> list[Requirement]:
    """Every requirement of the lock, without its hashes."""
    text = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    return [Requirement(line.rstrip(" \\")) for line in text.splitlines() if re.match(r"[A-Za-z0-9]", line)]


def asked_for() -> list[Requirement]:
    """What the project needs to run, to be checked and to be built."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    lists = (
        project["project"]["dependencies"],
        project["project"]["optional-dependencies"]["dev"],
        project["build-system"]["requires"],
    )
    return [Requirement(text) for texts in lists for text in texts]


@pytest.mark.parametrize("requirement", asked_for(), ids=lambda requirement: requirement.name)
@pytest.mark.parametrize("python", PYTHONS)
def test_the_lock_satisfies_what_the_project_asks_for(requirement: Requirement, python: str) -> None:
    environment = {"python_version": python, "python_full_version": f"{python}.0"}
    pins = [
        pin
        for pin in pinned()
        if canonicalize_name(pin.name) == canonicalize_name(requirement.name)
        and (pin.marker is None or pin.marker.evaluate(environment))
    ]
    assert len(pins) == 1, (
        f"requirements.lock does not pin {requirement.name} for Python {python}: run `make lock`"
    )
    (version,) = (specifier.version for specifier in pins[0].specifier)
    assert requirement.specifier.contains(version, prereleases=True), (
        f"{requirement} is not met by {version}: run `make lock`"
    )


def test_every_pin_has_a_hash() -> None:
    text = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    blocks = re.split(r"\n(?=[A-Za-z0-9])", text.strip())
    assert len(blocks) == len(pinned())
    bare = [block.splitlines()[0] for block in blocks if "--hash=sha256:" not in block]
    assert not bare, "\n".join(bare)
