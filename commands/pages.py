"""Where the pages of records are, for people."""

from __future__ import annotations

from commands.app import App
from sync.ledger.ledger import Ledger
from sync.model.records import NativeId, PageOf, SystemName


def page_of(app: App, ledger: Ledger) -> PageOf:
    """Tells the address of a record's page; None where nothing tells it."""
    known, pages = ledger.systems.known(), app.pages()

    def page(system: SystemName, id: NativeId) -> str | None:
        settings = app.settings.systems.get(system)
        if settings is None or system not in known or settings.kind not in pages:
            return None
        account_object = app.settings.mapping.systems[system].account_object
        return pages[settings.kind](settings, known[system].identity, account_object, id)

    return page
