"""Where the ``tandem`` command begins: whoever presses Ctrl-C while it is still being loaded is heard, too."""

from __future__ import annotations

import sys

#: What a shell expects of a command that Ctrl-C ended.
INTERRUPTED = 130


def main() -> None:
    """Load the command line, and run what was typed."""
    try:
        from cli import main as run  # noqa: PLC0415  what takes its time stands within the `try`

        run()
    except KeyboardInterrupt:
        sys.stderr.write("error Stopped before anything began.\n")
        sys.exit(INTERRUPTED)


if __name__ == "__main__":
    main()
