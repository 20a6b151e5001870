"""The steps of README, word for word, against the emulators: from the clone, and from a wheel."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import shared
from tests.terminal import at_terminal

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent
ELLIPSES = {
    "SF_CLIENT_ID=…": "SF_CLIENT_ID=emulator",
    "SF_CLIENT_SECRET=…": "SF_CLIENT_SECRET=emulator",
    "HUBSPOT_ACCESS_TOKEN=…": "HUBSPOT_ACCESS_TOKEN=pat-emulator",
}
#: What each of Tandem's steps ends with, in the order of README.
CODES = {
    "tandem init": 0,
    # Nothing is provisioned yet.
    "tandem doctor": 1,
    "tandem provision plan": 3,
    "tandem provision apply": 0,
    # Two questions about who is who are left open.
    "tandem plan": 4,
    "tandem apply": 4,
}


def steps() -> list[str]:
    """The commands of README's block, without its remarks."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    section = text.split("## Against your own CRMs")[1]
    block = re.search(r"^```\n(.*?)^```", section, re.MULTILINE | re.DOTALL)
    assert block is not None
    return [line.split("  #")[0].rstrip() for line in block[1].splitlines()]


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@pytest.fixture
def emulators(tmp_path: Path) -> Iterator[tuple[str, str]]:
    """Addresses of Salesforce's and HubSpot's, as `tandem emulator serve` serves them."""
    ports = free_port(), free_port()
    words = [str(BIN / "tandem"), "emulator", "serve", "--accounts", "30"]
    words += ["--salesforce-port", str(ports[0]), "--hubspot-port", str(ports[1])]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True, cwd=tmp_path) as served:
        assert served.stdout is not None
        for line in served.stdout:
            if "Stop with Ctrl-C" in line:
                break
        yield f"http://127.0.0.1:{ports[0]}", f"http://127.0.0.1:{ports[1]}"
        served.terminate()


def environment(folder: Path, *more: Path) -> Path:
    """An environment of its own, with what is installed here beside it and without Tandem, but for ``more`` folders."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    (packages,) = folder.glob("lib/python*/site-packages")
    (here,) = BIN.parent.glob("lib/python*/site-packages")
    # A path in such a file adds the folder and nothing that its own .pth files name: this checkout is not among them.
    lines = [*more, here]
    (packages / "beside.pth").write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return folder


def follow(lines: list[str], folder: Path, emulators: tuple[str, str], path: str) -> Path:
    """Type the lines at a terminal, in ``folder``. What a person would: the secrets in place of …, the emulator's
    address for the org's domain and, in the file, for HubSpot's; yes to what is asked."""
    salesforce, hubspot = emulators
    script = ["set -u"]
    for line in lines:
        for dots, secret in ELLIPSES.items():
            line = line.replace(dots, secret)  # noqa: PLW2901
        script += [line, f'echo "ENDED $? {line}"']
        if line == "tandem init":
            script.append(f"sed -i 's#https://api.hubapi.com#{hubspot}#' tandem.yaml")
    script.append('echo "FOLDER $PWD"')
    env = {name: text for name, text in os.environ.items() if name in {"HOME", "LANG", "TMPDIR"}}
    typed = ["both", salesforce, "n", "y", "y"]
    env |= {"PATH": path, "LC_ALL": "C.UTF-8"}
    _, shown = at_terminal(["bash", "-c", "\n".join(script)], typed=typed, cwd=folder, env=env)
    ended = {line: int(code) for code, line in re.findall(r"^ENDED (\d+) (.*?)\r?$", shown, re.MULTILINE)}
    wanted = {line: CODES.get(line, 0) for line in ended}
    assert ended == wanted, shown
    assert list(CODES) == [line for line in ended if line in CODES], shown
    assert "Traceback" not in shown
    found = re.search(r"^FOLDER (.*?)\r?$", shown, re.MULTILINE)
    assert found is not None
    return Path(found[1])


def is_in_step(folder: Path, tandem: Path) -> None:
    """After README's steps nothing is left to be written."""
    env = {**os.environ, "SF_CLIENT_ID": "emulator", "SF_CLIENT_SECRET": "emulator"}
    env["HUBSPOT_ACCESS_TOKEN"] = "pat-emulator"
    ran = subprocess.run([tandem, "status"], cwd=folder, env=env, capture_output=True, text=True, check=False)
    assert ran.returncode in {0, 4}, ran.stdout + ran.stderr
    assert "Traceback" not in ran.stderr
    assert (folder / "tandem.db").is_file()


def test_the_steps_of_the_readme_lead_from_a_clone_to_accounts_in_step(
    tmp_path: Path, emulators: tuple[str, str]
) -> None:
    clone = shared.script("build").copy(tmp_path / "tandem")
    # `make install` takes a package index; here it finds done what it would do, in an environment of the clone's own.
    own = environment(clone / ".venv", clone)
    script = own / "bin" / "tandem"
    script.write_text(f"#!{own / 'bin' / 'python'}\nimport cli\ncli.main()\n", encoding="utf-8")
    script.chmod(0o755)
    (own / ".installed").touch()
    folder = follow(steps(), clone, emulators, os.environ["PATH"])
    assert folder == tmp_path / "my-tandem"
    is_in_step(folder, script)


@pytest.mark.sweep
def test_the_steps_of_the_readme_go_from_a_wheel_as_well(tmp_path: Path, emulators: tuple[str, str]) -> None:
    """Without any index: the wheel is built with what is installed here, and its dependencies are those of here."""
    source = shared.script("build").copy(tmp_path / "source")
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet"]
    dist = tmp_path / "dist"
    build = ["wheel", "--no-index", "--no-deps", "--no-build-isolation", "-w", str(dist), "."]
    subprocess.run([*pip, *build], cwd=source, check=True)
    (wheel,) = dist.glob("*.whl")
    own = environment(tmp_path / "environment")
    target = next(own.glob("lib/python*/site-packages"))
    subprocess.run(
        [*pip, "--python", own / "bin" / "python", "install", "--no-index", "--no-deps", wheel], check=True
    )
    assert (target / "cli.py").is_file()
    shutil.rmtree(source)
    away = tmp_path / "elsewhere"
    away.mkdir()
    lines = [line for line in steps() if line not in {"make install", "source .venv/bin/activate"}]
    folder = follow(lines, away, emulators, f"{own / 'bin'}:{os.environ['PATH']}")
    is_in_step(folder, own / "bin" / "tandem")
