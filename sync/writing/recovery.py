"""After a crash: find out what became of the writes that were sent, or about to be, when the last Run died.

Nothing is repeated here. The records are read back, and what is found is what the Run would have known had the answer
reached it: a value that landed is our own echo and nobody's edit, and settles what its confirmation would have
settled. One that did not land is planned again.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from sync.core.landing import RowHistory, landed, names_us, put_back, versions_of_ours
from sync.core.readings import Reading
from sync.ledger.ledger import Ledger
from sync.model.journal import Confirmation, Event, Settlement, Write, WriteState
from sync.model.records import TANDEM_ID, Account, Record, SystemName, Value, by_system
from sync.reading.pull import Puller
from sync.system_session import SystemSession


def settle_open_writes(
    ledger: Ledger, sessions: Mapping[SystemName, SystemSession], pullers: Mapping[SystemName, Puller]
) -> int:
    """Settle every write whose fate is unknown; returns how many there were."""
    unsettled = ledger.writes.open()
    for system, writes in by_system(unsettled).items():
        if system in sessions:
            _settle(ledger, sessions, pullers[system], system, writes)
    return len(unsettled)


def _settle(
    ledger: Ledger,
    sessions: Mapping[SystemName, SystemSession],
    puller: Puller,
    system: SystemName,
    writes: Sequence[Write],
) -> None:
    outcome = read_back(ledger, sessions[system], puller, writes)
    ledger.writes.confirm(
        outcome.confirmations(writes),
        records=outcome.created,
        settlements=_settlements(ledger, sessions, writes, outcome.arrived, outcome.taken),
        events=outcome.unproven(writes),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadBack:
    """What became of writes of which nobody heard, as the System tells afterwards."""

    #: Records that were to be updated, in any state, as they were just read.
    records: Mapping[str, Record]
    #: Records that were made; they are not stored yet.
    created: Collection[Record]
    #: Write -> its Record, of those that are known to have landed.
    arrived: Mapping[int, Record]
    #: Write -> the fields that took what it brought.
    taken: Mapping[int, frozenset[str]]
    #: Write -> who saved its record last, of those that are taken for landed and may be this person's all the same.
    whose: Mapping[int, str | None]

    def unproven(self, writes: Iterable[Write]) -> Iterator[Event]:
        """An event for each value that stands as it was written, and of which nothing tells that we wrote it."""
        for write in writes:
            if write.id not in self.arrived or write.id not in self.whose:
                continue
            for name in sorted(self.taken[write.id]):
                yield Event(
                    kind="unproven",
                    link_id=write.link_id,
                    system=write.system,
                    field=name,
                    run_id=write.run_id,
                    old=write.fields[name].expected,
                    new=write.fields[name].value,
                    by=self.whose[write.id],
                    note="no answer came, and somebody else saved the record last",
                )

    def confirmations(self, writes: Iterable[Write]) -> Iterator[Confirmation]:
        """The fate of each as the journal keeps it. It may have covered an edit; also in a record that it made, for
        somebody may have been there before a second sending."""
        for write in writes:
            record = self.arrived.get(write.id)
            yield Confirmation(
                write_id=write.id,
                state=WriteState.SUPERSEDED if record is None else WriteState.CONFIRMED,
                native_id=None if record is None else record.id,
                unchecked=record is not None or write.native_id in self.records,
            )


def read_back(ledger: Ledger, session: SystemSession, puller: Puller, writes: Sequence[Write]) -> ReadBack:
    """Read the records of these writes of one System again, with their histories, and find out what landed. What the
    records hold is taken into the ledger; the writes are left as they are."""
    updates = [write for write in writes if write.native_id is not None]
    known = ledger.accounts.records(session.name, {write.native_id or "" for write in updates})
    undos = ledger.runs.undos(write.run_id for write in updates)
    sent = _Sent.of(writes, session, histories=_row_histories(session, updates, known), undos=undos)
    records = puller.read_again((write.native_id or "" for write in updates), recall=sent.recall)
    created = puller.read_by_link(
        (write.link_id for write in writes if write.native_id is None), recall=sent.recall
    )
    arrived = {
        write.id: record
        for write in writes
        for record in [records.get(write.native_id) if write.native_id else created.get(write.link_id)]
        if record is not None and write.id in sent.taken
    }
    return ReadBack(
        records=records, created=created.values(), arrived=arrived, taken=sent.taken, whose=sent.whose
    )


# -- what landed ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sent:
    """What was sent to the records of one System, and what the readings prove to have landed of it."""

    session: SystemSession
    updates: Mapping[str, Write]
    creates: Mapping[str, Write]
    #: What the CRM's histories tell, by native id.
    histories: Mapping[str, RowHistory]
    #: Runs of these writes that took another one back.
    undos: Collection[str]
    #: Write -> the fields that took what it brought; filled in as the records are read.
    taken: dict[int, frozenset[str]] = field(default_factory=dict)
    #: Write -> who saved the record last, where nothing names us as the author of what it brought.
    whose: dict[int, str | None] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        writes: Iterable[Write],
        session: SystemSession,
        *,
        histories: Mapping[str, RowHistory],
        undos: Collection[str],
    ) -> _Sent:
        listed = list(writes)
        return cls(
            session=session,
            updates={write.native_id: write for write in listed if write.native_id is not None},
            creates={write.link_id: write for write in listed if write.native_id is None},
            histories=histories,
            undos=undos,
        )

    def recall(self, known: Record | None, reading: Reading) -> Record | None:
        """The Record as it would have been known before this reading, had the answer to our write arrived."""
        write = self.updates.get(reading.id)
        if write is not None and known is not None and known.link_id == write.link_id:
            shown = self._shown(write)
            history, acting_as = self.histories.get(reading.id, RowHistory()), self.session.acting_as
            taken = landed(write, shown, known, reading, history, acting_as)
            if taken is None and write.run_id in self.undos:
                taken = put_back(shown, known, reading, history) or None
            if taken is None:
                return known
            self.taken[write.id] = taken
            if not names_us(write, known, reading, history, acting_as):
                self.whose[write.id] = self.session.directory.writer(reading.modified_by)
            ours = {name: shown[name] for name in taken if known.current.get(name, _NOTHING) != shown[name]}
            return replace(known, current={**known.current, **ours}, echo={**known.echo, **ours})
        made = self.creates.get(reading.tandem_id or "")
        if made is not None:
            self.taken[made.id] = frozenset(self._shown(made))
        if made is not None and (known is None or known.link_id is None):
            # What we left blank is ours too: a default that the CRM puts there (the creator as owner) is no edit.
            blank = {name: self.session.spelling.shows(name, None) for name in self.session.system.fields}
            ours = {**blank, **self._shown(made)}
            record = known or Record(system=reading.system, id=reading.id)
            return replace(record, link_id=made.link_id, current=ours, echo=ours)
        return known

    def _shown(self, write: Write) -> dict[str, Value]:
        return {
            name: self.session.spelling.shows(name, each.value)
            for name, each in write.fields.items()
            if name != TANDEM_ID and name in self.session.system.fields
        }


class _Nothing:
    """No value at all, not even a blank."""


_NOTHING = _Nothing()


def _row_histories(
    session: SystemSession, writes: Sequence[Write], known: Mapping[str, Record]
) -> dict[str, RowHistory]:
    """What the CRM's history tells of the fields that were to be written, by native id. ``known``: the Records as the
    Run that sent it knew them; an earlier write of ours may have brought the same."""
    system, spelling = session.system, session.spelling
    names = {name for write in writes for name in write.fields if name in system.fields}
    native = {system.fields[name].name: name for name in names}
    ids = sorted({write.native_id for write in writes if write.native_id is not None})
    kept = session.connector.history(system.account_object, sorted(native), ids) if native and ids else {}
    histories: dict[str, RowHistory] = {}
    for write in writes:
        id = write.native_id or ""
        ours: set[str] = set()
        others: set[str] = set()
        for spelled, versions in kept.get(id, {}).items():
            name = native.get(spelled)
            if name is None or name not in write.fields or not versions:
                continue
            ours_shown = {write.fields[name].value, spelling.shows(name, write.fields[name].value)}
            has_it = any(
                spelling.translator.read({spelled: each.value}, spelling.users).values.get(name, _NOTHING)
                in ours_shown
                for each in versions_of_ours(versions, write, known.get(id), session.acting_as)
            )
            (ours if has_it else others).add(name)
        histories[id] = RowHistory(ours=ours, others=others)
    return histories


# -- what it settles -----------------------------------------------------------------------------------------


def _settlements(
    ledger: Ledger,
    sessions: Mapping[SystemName, SystemSession],
    writes: Sequence[Write],
    arrived: Mapping[int, Record],
    taken: Mapping[int, Collection[str]],
) -> list[Settlement]:
    """What the confirmations would have settled. The Records hold what the Run knew, for nothing was read since."""
    settled = [write for write in writes if write.id in arrived]
    accounts = ledger.accounts.linked({write.link_id for write in settled})
    undoing = ledger.runs.undos(write.run_id for write in settled)
    settlements: list[Settlement] = []
    for write in settled:
        account = accounts.get(write.link_id)
        if account is None:
            continue
        record = arrived[write.id]
        if record.system not in account.records:
            account = replace(account, records={**account.records, record.system: record})
        if write.run_id in undoing:
            settlements.append(_put_back(write, taken[write.id], sessions[write.system]))
        else:
            settlements.append(_agreed(write, account, taken[write.id], sessions))
    return settlements


def _put_back(write: Write, taken: Collection[str], session: SystemSession) -> Settlement:
    """A value that an undo put back is settled where it went, and agrees with nobody (``sync.core.undo``)."""
    shown = {
        name: session.spelling.shows(name, each.value) for name, each in write.fields.items() if name in taken
    }
    return Settlement(link_id=write.link_id, observed={write.system: shown})


def _agreed(
    write: Write, account: Account, took: Collection[str], sessions: Mapping[SystemName, SystemSession]
) -> Settlement:
    """Whoever held the value when it was written agrees with it; where all Systems do, it is the Base."""
    base: dict[str, Value] = {}
    observed: dict[str, dict[str, Value]] = defaultdict(dict)
    for name, each in write.fields.items():
        if name not in took or each.value is None:
            # What the row did not bring is not on its way; and a blank may be no agreement (a leader that has not
            # spoken yet). The next Plan decides it.
            continue
        keeping = {
            system: record
            for system, record in account.records.items()
            if system in sessions and sessions[system].spelling.keeps(name)
        }
        taken = {
            system: _taken(record, name, each.value, sessions[system]) for system, record in keeping.items()
        }
        holding = {system: value for system, value in taken.items() if not isinstance(value, _Nothing)}
        everywhere = len(holding) == len(keeping)
        for system, value in holding.items():
            if everywhere or name not in keeping[system].echo:
                observed[system][name] = value
        if everywhere:
            base[name] = each.value
    if write.kind == "create":
        for name in account.records[write.system].echo.keys() - write.fields.keys():
            for system, value in _left_blank(write.system, account, name, sessions).items():
                observed[system][name] = value
    return Settlement(link_id=write.link_id, base=base, observed=observed)


def _left_blank(
    made_in: SystemName, account: Account, name: str, sessions: Mapping[SystemName, SystemSession]
) -> dict[SystemName, Value]:
    """What stands where nobody had a value to give to the record that was made; nothing where somebody had one."""
    blanks = {made_in: account.records[made_in].current[name]}
    for system, record in account.records.items():
        if system == made_in or system not in sessions or not sessions[system].spelling.keeps(name):
            continue
        if record.current.get(name, _NOTHING) not in (None, sessions[system].spelling.shows(name, None)):
            return {}
        blanks[system] = record.current[name]
    return blanks


def _taken(record: Record, name: str, value: Value, session: SystemSession) -> Value | _Nothing:
    """As what this System took ``value`` over; ``_NOTHING`` where it does not seem to have."""
    spellings = (value, session.spelling.shows(name, value))
    if name in record.current and record.current[name] in spellings:
        return record.current[name]
    if name in record.observed and record.observed[name] in spellings and name not in record.echo:
        # Somebody edited it since, on top of what we wrote.
        return record.observed[name]
    return _NOTHING
