"""explain: how a value came to be what it is."""

from __future__ import annotations

from collections.abc import Iterator

import click

from commands.app import App, Exit, end, json_option, pass_app
from connector.base import Version
from insight.timeline import Moment, Sources, story_json, tell
from insight.timeline_view import accounts_view, story_view
from mappings.translate import Translator
from sync.definitions import with_builtin_fields
from sync.errors import SettingsError
from sync.ledger.ledger import Ledger
from sync.people import Directory
from sync.records import Account

#: How many hits are listed where a piece of a name fits many.
_HITS = 20


@click.command(epilog="Example: tandem explain acme.com tier")
@click.argument("account")
@click.argument("field", required=False)
@click.option("--live", is_flag=True, help="Ask the CRMs, too, what they remember of it.")
@json_option
@pass_app
def explain(app: App, account: str, field: str | None, *, live: bool, as_json: bool) -> None:
    """One timeline of an account, or of one field of it: edits, rules, writes, Conflicts, in both CRMs and the ledger.

    ACCOUNT is a Link, a record's id, a domain, or a piece of the name.
    """
    ledger = app.ledger
    if field is not None and field not in app.settings.mapping.fields:
        known = ", ".join(app.settings.mapping.fields)
        raise SettingsError([f"There is no field {field}."], remedy=f"Use one of {known}.")
    found = ledger.accounts.find(account, _HITS)
    if not found:
        raise SettingsError(
            [f"No account fits {account!r}."],
            remedy="Give a Link, a record's id, a domain or a piece of the name; or read first: tandem plan",
        )
    if len(found) > 1:
        if as_json:
            app.json({"accounts": [_hit(one) for one in found]})
        else:
            app.console.print(accounts_view(found, account))
        end(Exit.USAGE)
    one = found[0]
    history = tuple(_history(app, one, field)) if live else ()
    story = tell(one, _sources(ledger, one.link.id, history), only=field, closed=_closed(ledger, one))
    if as_json:
        app.json(story_json(story))
    else:
        app.console.print(story_view(story))


def _hit(account: Account) -> dict[str, object]:
    return {
        "link_id": account.link.id,
        "account": account.link.label,
        "domain": account.link.domain,
        "records": {system: record.id for system, record in account.records.items()},
    }


def _closed(ledger: Ledger, account: Account) -> str | None:
    stored = ledger.accounts.links([account.link.id]).get(account.link.id)
    return None if stored is None or stored.closed_at is None else stored.close_reason or "closed"


def _sources(ledger: Ledger, link_id: str, history: tuple[Moment, ...]) -> Sources:
    writes = ledger.writes.of_link(link_id)
    runs = {run_id: ledger.runs.get(run_id) for run_id in {write.run_id for write in writes}}
    return Sources(
        events=ledger.events.of_link(link_id),
        writes=writes,
        conflicts=ledger.conflicts.list(state=None, link_id=link_id),
        held=list(ledger.held.of_links([link_id]).values()),
        runs={id: run for id, run in runs.items() if run is not None},
        history=history,
    )


def _history(app: App, account: Account, field: str | None) -> Iterator[Moment]:
    """What the CRMs remember themselves, in canonical values where they have one."""
    mapping = with_builtin_fields(app.settings.mapping, app.connectors, app.ledger)
    for name, record in account.records.items():
        connector = app.connectors[name]
        system, translator = mapping.systems[name], mapping.translator(name)
        users = Directory(connector.users())
        asked = [native for native in system.native_names if field in (None, system.canonical_name(native))]
        told = connector.history(system.account_object, asked, [record.id]).get(record.id, {})
        ours = connector.identity().acting_as
        for native, versions in told.items():
            canonical = system.canonical_name(native)
            if canonical is None or canonical not in mapping.fields:
                continue
            for version, before in zip(versions, [*versions[1:], None], strict=True):
                yield Moment(
                    at=version.at,
                    what="history",
                    system=name,
                    field=canonical,
                    old=_value(translator, native, canonical, before, users),
                    new=_value(translator, native, canonical, version, users),
                    by=_who(version, users, ours),
                    why=f"{native} in {name}",
                )


def _value(
    translator: Translator, native: str, canonical: str, version: Version | None, users: Directory
) -> str | None:
    if version is None or version.value is None:
        return None
    return translator.read({native: version.value}, users).values.get(canonical, str(version.value))


def _who(version: Version, users: Directory, ours: str | None) -> str | None:
    if version.by is None:
        return None
    if version.by == ours:
        return "Tandem"
    return users.name_of(version.by) or f"{'app' if version.by_app else 'user'} {version.by}"
