"""explain: how a value came to be what it is."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import click

from commands.app import App, json_option, pass_app
from commands.exit_codes import Exit, end
from commands.filters import accounts_named, field_named
from commands.views.listing import show as show_view
from commands.views.timeline import accounts_view, story_view
from connector.base import Connector, Version
from connector.errors import ConnectorError
from insight.account_notes import notes_on
from insight.apart import apart
from insight.moments import TANDEM, Moment
from insight.timeline import Sources, story_json, tell
from mappings.values.record import Translator
from sync.builtin_fields import with_builtin_fields
from sync.errors import SettingsError
from sync.identify import identify
from sync.model.records import Account, Record, SystemName
from sync.model.users import UserDirectory

#: How many hits are listed where a piece of a name fits many.
_HITS = 20


@click.command(epilog="Example: tandem explain acme.com tier")
@click.argument("account")
@click.argument("field", required=False)
@click.option(
    "--live/--no-live",
    default=True,
    show_default=True,
    help="Ask the CRMs, too, what they remember of it: who edited, and what no Run has seen.",
)
@json_option
@pass_app
def explain(app: App, account: str, field: str | None, *, live: bool, as_json: bool) -> None:
    """One timeline of an account, or of one field of it: edits, rules, writes, Conflicts, in both CRMs and the ledger.

    ACCOUNT is a Link, a record's id or the address of its page, a domain, or a piece of the name. FIELD is a field of
    the mapping, by its name there or in a CRM.
    """
    ledger = app.ledger
    field = None if field is None else field_named(app.settings.mapping, field)
    found = accounts_named(ledger, account, most=_HITS + 1)
    if len(found) > 1:
        if as_json:
            app.json({"accounts": [_hit(one) for one in found[:_HITS]], "more": len(found) > _HITS})
        else:
            show_view(app.console, accounts_view(found[:_HITS], account, more=len(found) > _HITS))
        end(Exit.USAGE)
    one = found[0]
    unasked: dict[str, str] = {}
    history: tuple[Moment, ...] = ()
    if live:
        with app.working("Asking the CRMs …"):
            history = tuple(_history(app, one, field, unasked))
    story = tell(one, _sources(app, one, field, history, unasked), only=field)
    if as_json:
        app.json(story_json(story))
    else:
        show_view(app.console, story_view(story))


def _hit(account: Account) -> dict[str, object]:
    return {
        "link_id": account.link.id,
        "account": account.link.label,
        "domain": account.link.domain,
        "records": {system: record.id for system, record in account.records.items()},
    }


def _sources(
    app: App, account: Account, field: str | None, history: tuple[Moment, ...], unasked: dict[str, str]
) -> Sources:
    ledger, link_id = app.ledger, account.link.id
    writes = ledger.writes.of_link(link_id)
    link = ledger.accounts.links([link_id]).get(link_id)
    runs = {run_id: ledger.runs.get(run_id) for run_id in {write.run_id for write in writes}}
    return Sources(
        events=ledger.events.of_link(link_id),
        writes=writes,
        conflicts=ledger.conflicts.list(state=None, link_id=link_id),
        held=list(ledger.held.of_links([link_id]).values()),
        runs={id: run for id, run in runs.items() if run is not None},
        link=link,
        history=history,
        unasked=unasked,
        notes=(
            *notes_on(
                account,
                closed=link is not None and link.closed_at is not None,
                systems=app.settings.systems,
                scope=app.settings.scope,
                matches=ledger.matches.list(None),
            ),
            *(
                each.told
                for each in apart(ledger, app.settings.mapping, [link_id])
                if field in (None, each.field)
            ),
        ),
    )


def _history(app: App, account: Account, field: str | None, unasked: dict[str, str]) -> Iterator[Moment]:
    """What the CRMs remember themselves, in canonical values where they have one. ``unasked`` takes the Systems that
    cannot be asked, each with the reason: what the ledger knows is told all the same."""
    for name, record in account.records.items():
        settings = app.settings
        if name not in settings.systems:
            unasked[name] = "it is no longer in tandem.yaml"
            continue
        try:
            alone = settings.model_copy(update={"systems": {name: settings.systems[name]}})
            with closing(app.connected(alone)[name]) as connector:
                yield from _of_one(app, connector, record, field)
        except SettingsError as error:
            unasked[name] = " ".join(error.problems)
        except ConnectorError as error:
            unasked[name] = str(error)


def _of_one(app: App, connector: Connector, record: Record, field: str | None) -> Iterator[Moment]:
    connectors = {SystemName(connector.name): connector}
    identify(connectors, app.ledger)
    mapping = with_builtin_fields(app.settings.mapping, connectors, app.ledger)
    system, translator = mapping.systems[connector.name], mapping.translator(connector.name)
    ours = connector.identity().acting_as
    users = UserDirectory(connector.users(), people=mapping.people, system=connector.name)
    asked = [native for native in system.native_names if field in (None, system.canonical_name(native))]
    told = connector.history(system.account_object, asked, [record.id]).get(record.id, {})
    for native, versions in told.items():
        canonical = system.canonical_name(native)
        if canonical is None or canonical not in mapping.fields:
            continue
        for version, before in zip(versions, [*versions[1:], None], strict=True):
            yield Moment(
                at=version.at,
                what="history",
                system=connector.name,
                field=canonical,
                old=_value(translator, native, canonical, before, users),
                new=_value(translator, native, canonical, version, users),
                by=_who(version, users, ours),
                why=f"by the history of {native}",
            )


def _value(
    translator: Translator, native: str, canonical: str, version: Version | None, users: UserDirectory
) -> str | None:
    if version is None or version.value is None:
        return None
    return translator.read({native: version.value}, users).values.get(canonical, str(version.value))


def _who(version: Version, users: UserDirectory, ours: str | None) -> str | None:
    if version.by is not None and version.by == ours:
        return TANDEM
    by = version.author
    return users.name_of(by) or (f"user {by}" if by == version.by is not None else by)
