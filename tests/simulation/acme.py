"""One account in both CRMs, linked and at rest, and Runs in which something happens at a chosen moment."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from commands.app import App
from sync.core.guard import Guard
from tests.simulation.book import read_book
from tests.simulation.crms import Crms
from tests.simulation.fields import FIELDS, standing
from tests.simulation.wire_tap import Killed, Tap, tapped

GUARD = Guard(max_change_share=1.0)


def write_to(system: str) -> str:
    """What the address of a write to this CRM holds."""
    return "/services/data/v62.0/composite" if system == "salesforce" else "/batch/update"


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

    def run(self, *, later: float = 300, undo: str | None = None) -> None:
        """A Run, or the undo of one."""
        self.crms.clock.advance(later)
        self.app = self.app or self.crms.app(self.ledger)
        if undo is None:
            self.app.engine.run(guard=GUARD)
        else:
            looked = self.app.engine.plan_undo(undo).look
            self.app.engine.carry_out(looked, kind="undo", guard=GUARD)

    @contextmanager
    def configured(self, **keys: object) -> Iterator[Acme]:
        """With these keys of the Salesforce System in tandem.yaml."""
        usual = self.crms.settings
        salesforce = usual.systems["salesforce"].model_copy(update=keys)
        systems = {**usual.systems, "salesforce": salesforce}
        self.crms.settings = usual.model_copy(update={"systems": systems})
        self.close()
        yield self
        self.crms.settings = usual

    def close(self) -> None:
        """The process ends; the next Run begins another one."""
        if self.app is not None:
            self.app.close()
            self.app = None

    def run_while(
        self,
        wanted: str,
        act: Callable[[], None],
        *,
        killed: bool = False,
        later: float = 300,
        undo: str | None = None,
        unanswered: bool = False,
    ) -> None:
        """A Run; ``act`` happens right before the first request whose path holds ``wanted``. With ``killed`` the
        process dies when the answer to that request is there. ``unanswered``: it happens where the CRM is done with
        the first such request to which no good answer comes."""
        done: list[bool] = []

        tap = Tap()

        def notice() -> None:
            if not done and wanted in str(tap.request):
                done.append(True)
                act()
                tap.fuse = 0 if killed else None

        def notice_silence(clear: bool) -> None:
            if not clear:
                notice()

        if unanswered:
            tap.meanwhile = notice_silence
        else:
            tap.between = notice
        with tapped(tap):
            try:
                self.run(later=later, undo=undo)
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
