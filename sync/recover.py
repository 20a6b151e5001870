"""After a crash: find out what became of the writes that were sent, or about to be, when the last Run died.

Nothing is repeated here. The records are read back, and what is found is what the Run would have known had the answer
reached it: a value that landed is our own echo and nobody's edit, and settles what its confirmation would have
settled. One that did not land is planned again.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from connector.base import Version
from sync.absorb import Reading
from sync.covering import SKEW, is_ours
from sync.ledger.ledger import Ledger
from sync.ledger.rows import Settlement
from sync.ledger.writes import Confirmation, Write, WriteState
from sync.pull import Puller
from sync.records import TANDEM_ID, Account, Record, Value

#: Of a Run that took back what another had overwritten (``tandem undo``).
UNDO = "undo"


def settle_open_writes(ledger: Ledger, pullers: Mapping[str, Puller]) -> int:
    """Settle every write whose fate is unknown; returns how many there were."""
    found = ledger.writes.open()
    by_system: dict[str, list[Write]] = {}
    for write in found:
        by_system.setdefault(write.system, []).append(write)
    for system, writes in by_system.items():
        if system in pullers:
            _settle(ledger, pullers, system, writes)
    return len(found)


def _settle(ledger: Ledger, pullers: Mapping[str, Puller], system: str, writes: Sequence[Write]) -> None:
    puller = pullers[system]
    updates = [write for write in writes if write.native_id is not None]
    known = ledger.accounts.records(system, {write.native_id or "" for write in updates})
    sent = _Sent.of(writes, puller, remembered=_remembered(puller, updates, known))
    records = puller.read_again((write.native_id or "" for write in updates), recall=sent.recall)
    created = puller.read_by_link(
        (write.link_id for write in writes if write.native_id is None), recall=sent.recall
    )
    landed = {
        write.id: record
        for write in writes
        for record in [records.get(write.native_id) if write.native_id else created.get(write.link_id)]
        if record is not None and sent.landed(write, record)
    }
    ledger.writes.confirm(
        _confirmations(writes, records, landed),
        records=created.values(),
        settlements=_settlements(ledger, pullers, writes, landed),
    )


def _confirmations(
    writes: Sequence[Write], records: Mapping[str, Record], landed: Mapping[int, Record]
) -> Iterator[Confirmation]:
    for write in writes:
        record = landed.get(write.id)
        yield Confirmation(
            write_id=write.id,
            state=WriteState.SUPERSEDED if record is None else WriteState.CONFIRMED,
            native_id=None if record is None else record.id,
            unchecked=write.native_id in records,
        )


# -- what landed ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sent:
    """What was sent to the records of one System, as it shows there, and what of it is known to have landed."""

    puller: Puller
    updates: Mapping[str, Write]
    creates: Mapping[str, Write]
    #: By the CRM's own history: native id -> fields.
    remembered: Mapping[str, Collection[str]] = field(default_factory=dict)

    @classmethod
    def of(
        cls, writes: Iterable[Write], puller: Puller, *, remembered: Mapping[str, Collection[str]]
    ) -> _Sent:
        listed = list(writes)
        return cls(
            puller=puller,
            updates={write.native_id: write for write in listed if write.native_id is not None},
            creates={write.link_id: write for write in listed if write.native_id is None},
            remembered=remembered,
        )

    def recall(self, known: Record | None, reading: Reading) -> Record | None:
        """The Record as it would have been known before this reading, had the answer to our write arrived."""
        write = self.updates.get(reading.id)
        if write is not None and known is not None and known.link_id == write.link_id:
            ours = {
                name: value
                for name, value in self._shown(write).items()
                if name in self.remembered.get(reading.id, ()) or reading.values.get(name, _NOTHING) == value
                if known.current.get(name, _NOTHING) != value
            }
            return replace(known, current={**known.current, **ours}, echo={**known.echo, **ours})
        made = self.creates.get(reading.tandem_id or "")
        if made is not None and (known is None or known.link_id is None):
            # What we left blank is ours too: a default that the CRM puts there (the creator as owner) is no edit.
            blank = {name: self.puller.spelling.shows(name, None) for name in self.puller.system.fields}
            ours = {**blank, **self._shown(made)}
            record = known or Record(system=reading.system, id=reading.id)
            return replace(record, link_id=made.link_id, current=ours, echo=ours)
        return known

    def landed(self, write: Write, record: Record) -> bool:
        """Did the System take the row? A row is taken whole, so that one value of it tells."""
        if write.native_id is None:
            return True
        if record.tandem_id == write.link_id and TANDEM_ID in write.fields:
            return True
        remembered = self.remembered.get(write.native_id, ())
        return any(
            name in remembered or (value == record.current.get(name) and value != write.fields[name].expected)
            for name, value in self._shown(write).items()
        )

    def _shown(self, write: Write) -> dict[str, Value]:
        return {
            name: self.puller.spelling.shows(name, each.value)
            for name, each in write.fields.items()
            if name != TANDEM_ID and name in self.puller.system.fields
        }


class _Nothing:
    """No value at all, not even a blank."""


_NOTHING = _Nothing()


def _remembered(puller: Puller, writes: Sequence[Write], known: Mapping[str, Record]) -> dict[str, set[str]]:
    """Fields in which the CRM's history holds what was sent, set by us: it landed, whatever stands there now.
    ``known``: the Records as the Run that sent it knew them; an earlier write of ours may have brought the same."""
    system, spelling = puller.system, puller.spelling
    names = {name for write in writes for name in write.fields if name in system.fields}
    native = {system.fields[name].name: name for name in names}
    ids = sorted({write.native_id for write in writes if write.native_id is not None})
    told = puller.connector.history(system.account_object, sorted(native), ids) if native else {}
    found: dict[str, set[str]] = defaultdict(set)
    for write in writes:
        for spelled, versions in told.get(write.native_id or "", {}).items():
            name = native.get(spelled)
            if name is None or name not in write.fields:
                continue
            wanted = {write.fields[name].value, spelling.shows(name, write.fields[name].value)}
            if any(
                spelling.translator.read({spelled: each.value}, spelling.users).values.get(name, _NOTHING)
                in wanted
                for each in _ours(versions, write, known.get(write.native_id or ""), puller.acting_as)
            ):
                found[write.native_id or ""].add(name)
    return found


def _ours(
    versions: Sequence[Version], write: Write, known: Record | None, acting_as: str | None
) -> Iterator[Version]:
    """Versions that this write can have made. The CRM's own clock tells them from those that stood there when the
    record was last read or written; ours may differ from it."""
    stood = (
        max((at for at in (known.stamp, known.not_before) if at is not None), default=None) if known else None
    )
    return (
        each
        for each in versions
        if is_ours(each, acting_as)
        and each.at >= write.intended_at - SKEW
        and (stood is None or each.at > stood)
    )


# -- what it settles -----------------------------------------------------------------------------------------


def _settlements(
    ledger: Ledger, pullers: Mapping[str, Puller], writes: Sequence[Write], landed: Mapping[int, Record]
) -> list[Settlement]:
    """What the confirmations would have settled. The Records hold what the Run knew, for nothing was read since."""
    arrived = [write for write in writes if write.id in landed]
    accounts = ledger.accounts.linked({write.link_id for write in arrived})
    runs = {id: ledger.runs.get(id) for id in {write.run_id for write in arrived}}
    undoing = {id for id, run in runs.items() if run is not None and run.kind == UNDO}
    found: list[Settlement] = []
    for write in arrived:
        account = accounts.get(write.link_id)
        if account is None:
            continue
        if landed[write.id].system not in account.records:
            record = landed[write.id]
            account = replace(account, records={**account.records, record.system: record})
        if write.run_id in undoing:
            found.append(_put_back(write, pullers[write.system]))
        else:
            found.append(_agreed(write, account, pullers))
    return found


def _put_back(write: Write, puller: Puller) -> Settlement:
    """A value that an undo put back is settled where it went, and agrees with nobody (``sync.undo``)."""
    shown = {
        name: puller.spelling.shows(name, each.value)
        for name, each in write.fields.items()
        if name != TANDEM_ID
    }
    return Settlement(link_id=write.link_id, observed={write.system: shown})


def _agreed(write: Write, account: Account, pullers: Mapping[str, Puller]) -> Settlement:
    """Whoever held the value when it was written agrees with it; where all Systems do, it is the Base."""
    base: dict[str, Value] = {}
    observed: dict[str, dict[str, Value]] = defaultdict(dict)
    for name, each in write.fields.items():
        keeping = {
            system: record
            for system, record in account.records.items()
            if system in pullers and pullers[system].spelling.keeps(name)
        }
        taken = {
            system: _taken(record, name, each.value, pullers[system]) for system, record in keeping.items()
        }
        holding = {system: value for system, value in taken.items() if not isinstance(value, _Nothing)}
        if name == TANDEM_ID or each.value is None:
            # A blank may be no agreement (a leader that has not spoken yet): the next Plan decides it.
            continue
        everywhere = len(holding) == len(keeping)
        for system, value in holding.items():
            if everywhere or name not in keeping[system].echo:
                observed[system][name] = value
        if everywhere:
            base[name] = each.value
    if write.kind == "create":
        for name in account.records[write.system].echo.keys() - write.fields.keys():
            for system, value in _left_blank(write.system, account, name, pullers).items():
                observed[system][name] = value
    return Settlement(link_id=write.link_id, base=base, observed=observed)


def _left_blank(made_in: str, account: Account, name: str, pullers: Mapping[str, Puller]) -> dict[str, Value]:
    """What stands where nobody had a value to give to the record that was made; nothing where somebody had one."""
    standing = {made_in: account.records[made_in].current[name]}
    for system, record in account.records.items():
        if system == made_in or system not in pullers or not pullers[system].spelling.keeps(name):
            continue
        if record.current.get(name, _NOTHING) not in (None, pullers[system].spelling.shows(name, None)):
            return {}
        standing[system] = record.current[name]
    return standing


def _taken(record: Record, name: str, value: Value, puller: Puller) -> Value | _Nothing:
    """As what this System took ``value`` over; ``_NOTHING`` where it does not seem to have."""
    wanted = (value, puller.spelling.shows(name, value))
    if name in record.current and record.current[name] in wanted:
        return record.current[name]
    if name in record.observed and record.observed[name] in wanted and name not in record.echo:
        # Somebody edited it since, on top of what we wrote.
        return record.observed[name]
    return _NOTHING
