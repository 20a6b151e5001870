"""Draw docs/demo.svg: run the demo and keep what its terminal shows. `make picture` calls this."""

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

WIDTH = 118
#: Chapters that make the picture, by the words that begin them.
BEGIN, END = "People edit", "Scores in"
#: What a spinner leaves in a recording: the cursor's movements, and lines with its frames.
_MOVES = re.compile(r"\x1b\[\?25[lh]|\x1b\[\d*[AK]|\r")
_FRAME = re.compile(r"[⠁-⣿] ")


def main() -> None:
    """Write the picture."""
    with tempfile.TemporaryDirectory() as folder:
        environ = {**os.environ, "FORCE_COLOR": "1", "COLUMNS": str(WIDTH), "TERM": "xterm-256color"}
        command = [sys.executable, "-m", "cli", "demo", "--folder", f"{folder}/tandem-demo"]
        root = Path(__file__).resolve().parents[1]
        said = subprocess.run(  # noqa: S603  our own command
            command, cwd=root, env=environ, capture_output=True, text=True, check=True
        ).stdout
    story = _MOVES.sub("", said)
    story = story[story.rindex("\n", 0, story.index(BEGIN)) :]
    story = story[: story.index(END)].rsplit("\n", 1)[0]
    console = Console(record=True, width=WIDTH, file=io.StringIO(), force_terminal=True)
    for raw in story.splitlines():
        line = Text.from_ansi(raw.rstrip())
        frames = _FRAME.split(line.plain)
        if len(frames) > 1:
            # The last frame is overwritten by what is printed next.
            line = line[line.plain.rindex("…") + 1 :]
            if not line.plain.strip():
                continue
        console.print(line, overflow="crop", no_wrap=True)
    svg = console.export_svg(title="tandem demo", theme=DIMMED_MONOKAI)
    # The picture fetches nothing: the viewer's own monospace font does.
    svg = re.sub(r"@font-face \{.*?\}\s*", "", svg, flags=re.DOTALL)
    Path(__file__).with_name("demo.svg").write_text(svg, encoding="utf-8")


if __name__ == "__main__":
    main()
