"""Lets webhooks leave by themselves: a thread that looks a few times a second what is due."""

import threading
from typing import TYPE_CHECKING
from weakref import ref

if TYPE_CHECKING:
    from emulator.hubspot.portal import Portal

PAUSE = 0.2
"""Seconds of the machine's time between two looks; what is due is told by the portal's clock."""


def send_off(portal: "Portal") -> threading.Thread:
    """Deliver for as long as the portal lives and its webhooks have a target."""
    held = ref(portal)

    def run() -> None:
        pause = threading.Event()
        while (portal := held()) is not None and portal.webhooks.settings is not None:
            portal.webhooks.pump(portal.clock.now())
            del portal
            pause.wait(PAUSE)

    thread = threading.Thread(target=run, name="hubspot-courier", daemon=True)
    thread.start()
    return thread
