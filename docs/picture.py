"""Draw docs/demo.svg, and write the demo's end into README.md, from what `tandem demo` shows.

`make picture` calls this; a test compares both.
"""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import DIMMED_MONOKAI
from rich.text import Text

ROOT = Path(__file__).resolve().parents[1]
PICTURE = ROOT / "docs" / "demo.svg"
README = ROOT / "README.md"
WIDTH = 80
#: Chapters that make the picture.
CHAPTERS = ("People edit", "The one thing that only people can decide", "Taking it back")
#: Where the transcript in README.md begins and ends in the demo.
_FROM, _UNTIL = "$ tandem report pipeline", "$ tandem status"
#: What differs from telling to telling, and what stands for it.
_MOMENTS = (
    (re.compile(r"\b\d{6}-\d{6}[a-z]*"), "260302-091500"),
    (re.compile(r"\b\d{4}-\d\d-\d\d\b"), "2026-03-02"),
    (re.compile(r"\b\d\d:\d\d:\d\d\b"), "09:15:00"),
)
#: What a spinner leaves in a recording: the cursor's movements, and lines with its frames.
_MOVES = re.compile(r"\x1b\[\?25[lh]|\x1b\[\d*[AK]|\r")
_FRAME = re.compile(r"[⠁-⣿] ")


def told() -> list[Text]:
    """What a terminal shows of the demo, line by line, at a moment that is always the same."""
    with tempfile.TemporaryDirectory() as folder:
        environ = {**os.environ, "FORCE_COLOR": "1", "COLUMNS": str(WIDTH), "TERM": "xterm-256color"}
        environ.pop("NO_COLOR", None)
        command = [sys.executable, "-m", "cli", "demo", "--folder", f"{folder}/tandem-demo"]
        said = subprocess.run(  # noqa: S603  our own command
            command, cwd=ROOT, env=environ, capture_output=True, text=True, check=True
        ).stdout
    for moment, instead in _MOMENTS:
        said = moment.sub(instead, said)
    lines: list[Text] = []
    for raw in _MOVES.sub("", said).splitlines():
        line = Text.from_ansi(raw.rstrip())
        if len(_FRAME.split(line.plain)) > 1:
            # The last frame is overwritten by what is printed next.
            line = line[line.plain.rindex("…") + 1 :]
            if not line.plain.strip() or line.plain.lstrip().startswith(("salesforce: ", "hubspot: ")):
                continue
        if line.plain or not (lines and lines[-1].plain.startswith("$ ")):
            lines.append(line)
    return lines


def picture(lines: list[Text]) -> str:
    """The chapters as an SVG, which fetches nothing: the viewer's own monospace font does."""
    console = Console(record=True, width=WIDTH, file=io.StringIO(), force_terminal=True)
    shown = False
    for line in lines:
        if line.plain.endswith("──"):
            shown = line.plain.startswith(CHAPTERS)
        if shown:
            console.print(line, overflow="crop", no_wrap=True)
    svg = console.export_svg(title="tandem demo", theme=DIMMED_MONOKAI)
    svg = re.sub(r"@font-face \{.*?\}\s*", "", svg, flags=re.DOTALL)
    # Its names hang on the recording's own objects.
    return re.sub(r"terminal-\d+", "terminal", svg)


def readme(lines: list[Text], page: str) -> str:
    """The page with the demo's end as it is."""
    text = "\n".join(line.plain.rstrip() for line in lines)
    end = text[text.index(_FROM) : text.index(_UNTIL)].strip()
    before, rest = page.split(f"```\n{_FROM}", 1)
    return f"{before}```\n{end}\n```{rest.split('```', 1)[1]}"


def main() -> None:
    """Write both."""
    lines = told()
    PICTURE.write_text(picture(lines), encoding="utf-8")
    README.write_text(readme(lines, README.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
