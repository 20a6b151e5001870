"""Somebody edits a record between Tandem's reading and its writing. Named by what was once false."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from commands.app import App
from sync.guard import Guard
from tests.simulation.crms import Crms, open_crms
from tests.simulation.judge import read_book
from tests.simulation.people import FIELDS, standing
from tests.simulation.wire_tap import Killed, Tap, tapped

_GUARD = Guard(max_change_share=1.0)


@pytest.fixture(scope="module")
def crms(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Crms]:
    with open_crms(Path(tmp_path_factory.mktemp("crms"))) as opened:
        yield opened


class Acme:
    """One account in both CRMs, linked and at rest."""

    def __init__(self, crms: Crms) -> None:
        self.crms = crms
        self.ledger = crms.begin_anew()
        made = crms.salesforce("POST", "sobjects/Account", {"Name": "Acme", "Website": "acme.com"})
        self.ids = {"salesforce": str(made["id"])}
        body = {"properties": {"name": "Acme", "domain": "acme.com"}}
        self.ids["hubspot"] = str(crms.hubspot("POST", "objects/companies", body)["id"])
        self.app: App | None = None
        self.run()

    def edit(self, system: str, name: str, value: str) -> None:
        self.crms.clock.advance(1)
        field = FIELDS[name].of(system)
        if system == "salesforce":
            self.crms.salesforce("PATCH", f"sobjects/Account/{self.ids[system]}", {field: value})
        else:
            self.crms.hubspot(
                "PATCH", f"objects/companies/{self.ids[system]}", {"properties": {field: value}}
            )

    def run(self) -> None:
        self.crms.clock.advance(300)
        self.app = self.app or self.crms.app(self.ledger)
        self.app.engine.run(guard=_GUARD)

    def run_while(self, wanted: str, act: Callable[[], None], *, killed: bool = False) -> None:
        """A Run; ``act`` happens right before the first request whose path holds ``wanted``. With ``killed`` the
        process dies when the answer to that request is there."""
        done: list[bool] = []

        tap = Tap(between=lambda: None, unanswered=lambda _method, _path: None)

        def notice() -> None:
            if not done and wanted in tap.next:
                done.append(True)
                act()
                tap.fuse = 0 if killed else None

        tap.between = notice
        with tapped(tap):
            try:
                self.run()
            except Killed:
                assert killed
                assert self.app is not None
                tap.dead = False
                self.app.close()
                self.app = None
        assert done, f"nothing was sent to {wanted}"

    def values(self, name: str) -> dict[str, str | None]:
        return {system: standing(self.crms, system, id, name) for system, id in self.ids.items()}

    def conflict(self, name: str) -> dict[str, str | None] | None:
        found = [sides for (_, field), sides in read_book(self.ledger).conflicts.items() if field == name]
        return found[0] if found else None


@pytest.fixture
def acme(crms: Crms) -> Iterator[Acme]:
    made = Acme(crms)
    yield made
    if made.app is not None:
        made.app.close()


@pytest.mark.parametrize(("edited", "covered"), [("hubspot", "salesforce"), ("salesforce", "hubspot")])
def test_an_edit_that_our_write_covers_is_never_silently_gone(acme: Acme, edited: str, covered: str) -> None:
    acme.edit(edited, "territory", "north")
    acme.run_while(_write_to(covered), lambda: acme.edit(covered, "territory", "south"))
    acme.run()
    assert acme.conflict("territory") == {edited: "north", covered: "south"}
    acme.run()
    assert acme.conflict("territory") == {edited: "north", covered: "south"}


@pytest.mark.parametrize(("edited", "covered"), [("hubspot", "salesforce"), ("salesforce", "hubspot")])
def test_a_covered_edit_is_decided_by_the_rule_of_its_field(acme: Acme, edited: str, covered: str) -> None:
    acme.edit(edited, "mqa_stage", "engaged")
    acme.run_while(_write_to(covered), lambda: acme.edit(covered, "mqa_stage", "negotiating"))
    for _ in range(2):
        acme.run()
    assert acme.values("mqa_stage") == {"salesforce": "negotiating", "hubspot": "negotiating"}
    assert acme.conflict("mqa_stage") is None


def test_a_covered_edit_that_the_rule_prefers_is_written_back_where_it_was_entered(acme: Acme) -> None:
    acme.edit("hubspot", "region", "north")
    acme.run_while(_write_to("salesforce"), lambda: acme.edit("salesforce", "region", "south"))
    for _ in range(2):
        acme.run()
    assert acme.values("region") == {"salesforce": "south", "hubspot": "south"}


def test_an_edit_in_hubspot_that_a_dying_run_covered_is_found_by_the_next(acme: Acme) -> None:
    acme.edit("salesforce", "territory", "north")
    acme.run_while(_write_to("hubspot"), lambda: acme.edit("hubspot", "territory", "south"), killed=True)
    for _ in range(2):
        acme.run()
    assert acme.conflict("territory") == {"salesforce": "north", "hubspot": "south"}


def test_an_edit_on_top_of_our_write_settles_what_it_covered(acme: Acme) -> None:
    acme.edit("salesforce", "territory", "north")
    acme.run_while(_write_to("hubspot"), lambda: acme.edit("hubspot", "territory", "south"))
    acme.edit("hubspot", "territory", "west")
    for _ in range(2):
        acme.run()
    assert acme.values("territory") == {"salesforce": "west", "hubspot": "west"}
    assert acme.conflict("territory") is None


def test_an_account_that_somebody_makes_in_both_crms_is_not_made_once_more(crms: Crms, acme: Acme) -> None:
    def make_both() -> None:
        crms.salesforce("POST", "sobjects/Account", {"Name": "Beta", "Website": "beta.com"})
        crms.hubspot("POST", "objects/companies", {"properties": {"name": "Beta", "domain": "beta.com"}})

    crms.clock.advance(300)
    make_both()
    # HubSpot's search does not show the company yet.
    assert acme.app is not None
    acme.app.engine.run(guard=_GUARD)
    for _ in range(2):
        acme.run()
    assert len([1 for record in crms.companies().values() if record.values.get("domain") == "beta.com"]) == 1
    assert len([1 for row in crms.accounts().values() if row.get("Website") == "beta.com"]) == 1


def _write_to(system: str) -> str:
    return "/services/data/v62.0/composite" if system == "salesforce" else "/batch/update"
