"""What a command writes to: wrapped at words for people, never wrapped where programs read, harmless for both."""

from __future__ import annotations

from collections.abc import Iterable
from typing import IO

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment
from rich.text import Text

from commands.views.text import harmless_text


class Terminal(Console):
    """Standard output, standard error or a file. Text is text: brackets and colons in it mean nothing."""

    def __init__(
        self,
        *,
        stderr: bool = False,
        file: IO[str] | None = None,
        width: int | None = None,
        is_terminal: bool | None = None,
        color: bool = True,
    ) -> None:
        super().__init__(
            stderr=stderr,
            file=file,
            width=width,
            force_terminal=is_terminal,
            color_system="auto" if color else None,
            highlight=False,
            markup=False,
            emoji=False,
        )
        # Who reads a pipe line by line must not meet a line that the width of no terminal has broken.
        self.soft_wrap = not self.is_terminal

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """What is told may come from a CRM: whatever in it would steer the terminal is shown instead of obeyed."""
        if isinstance(renderable, Text):
            renderable = harmless_text(renderable)
        return super().render(renderable, options)
