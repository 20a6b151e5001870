"""Both emulators in a process of their own, with accounts in them: ``python -m benchmarks.servers ACCOUNTS``.

One clock for both, which stands still until it is told to move. Prints the addresses; ends with its standard input.
"""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime

from emulator.hubspot.app import build as build_hubspot
from emulator.hubspot.portal import Portal
from emulator.kit.clock import Clock
from emulator.kit.server import serve
from emulator.kit.state import StateFile
from emulator.salesforce.app import build as build_salesforce
from emulator.salesforce.org import Org

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
OWNERS = ("ada.marsh@example.com", "ben.ortiz@example.com", "chloe.park@example.com", "dev.rao@example.com")


def main(count: int) -> None:
    clock = Clock.virtual(START)
    salesforce, hubspot = build_salesforce(StateFile(), clock), build_hubspot(StateFile(), clock)
    fill(salesforce.state.org, hubspot.state.portal, count)
    with serve(salesforce) as first, serve(hubspot) as second:
        print(json.dumps({"salesforce": first, "hubspot": second}), flush=True)
        sys.stdin.read()


def fill(org: Org, portal: Portal, count: int) -> None:
    """The same accounts in both: sales has set the owners, marketing the tiers."""
    users = {str(row["Email"]): str(row["Id"]) for row in org.store.rows("User")}
    for email in OWNERS:
        portal.add_owner(email=email, first=email.partition(".")[0].title(), last="Example")
    org.load(
        "Account",
        (
            {
                "Name": f"Company {number}",
                "Website": f"https://www.company{number}.com",
                "OwnerId": users[OWNERS[number % len(OWNERS)]],
            }
            for number in range(count)
        ),
    )
    portal.load(
        "companies",
        (
            {
                "name": f"Company {number} Inc.",
                "domain": f"company{number}.com",
                "hs_ideal_customer_profile": f"tier_{number % 3 + 1}",
            }
            for number in range(count)
        ),
    )


if __name__ == "__main__":
    main(int(sys.argv[1]))
