"""Build the wheel into dist/, with the list of what it stands on (CycloneDX) inside and beside it.

The list names each package that an installation brings, at the version that requirements.lock pins, its licence, and
what asked for it. In the wheel it lies in ``*.dist-info/sboms/``, where PEP 770 puts it.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path

from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentScope, ComponentType
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[1]
PROJECT = "tandem-sync"
#: What people may install beside the service. Tools of this checkout are in no installation.
EXTRAS = ("emulator", "postgres")


def requirements(name: str, extra: str = "") -> Iterator[tuple[str, str]]:
    """What a package asks for on this Python, as (name, extra), from what is installed here."""
    for text in metadata.requires(name) or ():
        requirement = Requirement(text)
        if requirement.marker is None or requirement.marker.evaluate({"extra": extra}):
            for wanted in ("", *sorted(requirement.extras)):
                yield canonicalize_name(requirement.name), wanted


def closure(extra: str = "") -> dict[str, set[str]]:
    """Every package that an installation of ``PROJECT`` brings -> the packages that it asks for itself."""
    asked: dict[str, set[str]] = {}
    waiting, seen = [(PROJECT, extra)], set()
    while waiting:
        here = waiting.pop()
        if here in seen:
            continue
        seen.add(here)
        wanted = list(requirements(*here))
        asked.setdefault(here[0], set()).update(name for name, _ in wanted)
        waiting += wanted
    return asked


def licence(name: str) -> str:
    """As the package states it: the SPDX expression, else its field or classifiers; blank where it says nothing."""
    said = metadata.metadata(name)
    text: str = said.get("License-Expression") or said.get("License") or ""
    if text and "\n" not in text and len(text) <= 60:  # some put the whole text there
        return text
    named = [
        line.split(" :: ")[-1] for line in said.get_all("Classifier", []) if line.startswith("License ::")
    ]
    return " AND ".join(named) if len(named) == 1 else "; ".join(named)


def component(name: str, *, scope: ComponentScope, kind: ComponentType = ComponentType.LIBRARY) -> Component:
    """One package as CycloneDX names it."""
    version = metadata.version(name)
    made = Component(
        name=name,
        version=version,
        type=kind,
        scope=scope,
        purl=PackageURL("pypi", name=name, version=version),
        bom_ref=f"{name}@{version}",
    )
    if text := licence(name):
        made.licenses.add(LicenseFactory().make_from_string(text))
    return made


def bill() -> str:
    """The list as JSON; the same for the same packages and the same SOURCE_DATE_EPOCH."""
    always = closure()
    every = {name: asked for extra in ("", *EXTRAS) for name, asked in closure(extra).items()}
    components = {
        name: component(name, scope=ComponentScope.REQUIRED if name in always else ComponentScope.OPTIONAL)
        for name in sorted(every)
        if name != PROJECT
    }
    bom = Bom(components=components.values())
    bom.metadata.component = root = component(
        PROJECT, scope=ComponentScope.REQUIRED, kind=ComponentType.APPLICATION
    )
    if epoch := os.environ.get("SOURCE_DATE_EPOCH"):
        bom.metadata.timestamp = datetime.fromtimestamp(int(epoch), UTC)
    for name, asked in {
        **every,
        PROJECT: {one for extra in ("", *EXTRAS) for one in closure(extra)[PROJECT]},
    }.items():
        owner = root if name == PROJECT else components[name]
        bom.register_dependency(owner, [components[one] for one in sorted(asked)])
    listed = ",".join(sorted(str(one.purl) for one in components.values()))
    bom.serial_number = uuid.uuid5(uuid.NAMESPACE_URL, f"{root.purl}:{listed}")
    return str(JsonV1Dot6(bom).output_as_string(indent=2))


def run(*words: str | Path) -> None:
    """Run a tool quietly, and show what it said where it fails."""
    ran = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
    if ran.returncode != 0:
        sys.exit(f"{' '.join(map(str, words))} ended with {ran.returncode}:\n{ran.stdout}{ran.stderr}")


def copy(folder: Path) -> Path:
    """Every file that git knows, as it stands: a build/ of former days would go into the wheel whole."""
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True)
    for name in listed.stdout.splitlines():
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, folder / name)
    return folder


def main(target: Path) -> None:
    """Build into ``target``."""
    text = bill()
    with tempfile.TemporaryDirectory() as name:
        made = Path(name)
        source = copy(made / "source")
        run(
            sys.executable,
            "-m",
            "pip",
            "wheel",
            "--no-deps",
            "--no-build-isolation",
            "--wheel-dir",
            made,
            source,
        )
        (wheel,) = made.glob("*.whl")
        run(sys.executable, "-m", "wheel", "unpack", "--dest", made / "tree", wheel)
        (tree,) = (made / "tree").iterdir()
        (info,) = tree.glob("*.dist-info")
        (info / "sboms").mkdir()
        (info / "sboms" / f"{PROJECT}.cdx.json").write_text(text, encoding="utf-8")
        target.mkdir(parents=True, exist_ok=True)
        run(sys.executable, "-m", "wheel", "pack", "--dest-dir", target.resolve(), tree)
    beside = target / re.sub(r"-py3-none-any\.whl$", ".cdx.json", wheel.name)
    beside.write_text(text, encoding="utf-8")
    print(f"{target / wheel.name}\n{beside}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
