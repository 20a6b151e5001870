"""Read what changed in a System since its Cursor, and put it into the ledger in canonical words.

Reading decides nothing: Observed and Base stay as they are, so that a Run that dies here loses no edit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from connector.base import NativeRecord, Page, Removal
from mappings.identity.domains import company_domains, company_sites
from mappings.values.record import Read
from sync.core.edit_events import edits
from sync.core.guard import EMPTIED_SHARE
from sync.core.plan import Merge
from sync.core.readings import Reading, absorb
from sync.errors import UnsafePlan
from sync.ledger.ledger import Ledger
from sync.model.inbox import MERGED, Match
from sync.model.journal import Event
from sync.model.progress import Progress, Report, unwatched
from sync.model.records import LinkId, NativeId, Record, RecordKey, RecordState, SystemName
from sync.system_session import SystemSession

#: Below so many known records a share says nothing.
EMPTIED_FLOOR = 20

#: One that is out of sight may be deleted or merged away since.
_IN_PLACE = frozenset({RecordState.PRESENT, RecordState.INVISIBLE})

#: What is known of a record, given the Record that the ledger holds and what was just read.
Recall = Callable[[Record | None, Reading], Record | None]


def _as_known(known: Record | None, _reading: Reading) -> Record | None:
    return known


@dataclass(slots=True)
class Pulled:
    """What one pull found."""

    read: int = 0
    changed: int = 0
    removed: int = 0
    #: What was found merged, and followed.
    merges: list[Merge] = field(default_factory=list)


class Puller:
    """Reads the accounts of one System into the ledger."""

    def __init__(
        self,
        session: SystemSession,
        ledger: Ledger,
        now: datetime,
        *,
        beat: Callable[[], None] = lambda: None,
        report: Report = unwatched,
    ) -> None:
        self._session = session
        self._name = session.name
        self._system = session.system
        self._connector = session.connector
        self._ledger = ledger
        self._now = now
        self._beat = beat
        self._report = report

    def pull(self, *, full: bool = False, missing_share: float = EMPTIED_SHARE) -> Pulled:
        """Read changes since the Cursor, or everything. Raises what the Connector raises; whatever was read
        until then is kept, with the Cursor that fits it. ``UnsafePlan`` where a full read misses more than
        ``missing_share`` of the records that are known."""
        cursor = self._ledger.cursors.get(self._name, self._system.account_object)
        position = None if full or cursor is None else cursor.position
        known = self._ledger.accounts.counts().get(self._name)
        began = self._now
        pulled = Pulled()
        # A full read is to show every record, those that did not change included.
        seen = None if position is None else self._seen

        def read(fields: Sequence[str]) -> Page | None:
            last: Page | None = None
            for page in self._connector.changes(self._system.account_object, fields, position, seen):
                self._beat()
                last = page
                self._take(page, pulled, touch=position is None)
                total = known.present if position is None and known is not None else None
                self._report(
                    Progress(system=self._name, what="accounts read", done=pulled.read, total=total or None)
                )
            return last

        last = self._session.access.asked(read)
        if position is None and last is not None:
            self._check_not_emptied(pulled, known.present if known is not None else 0, missing_share)
            self._settle_missing(began, pulled)
        if last is not None:
            self._ledger.cursors.set(
                self._name, self._system.account_object, last.position, full=position is None
            )
        return pulled

    def read_again(self, ids: Iterable[str], *, recall: Recall = _as_known) -> dict[str, Record]:
        """Read these records now and take what they hold into the ledger; answers with the Records that stand."""
        unique = sorted(set(ids))
        if not unique:
            return {}
        account = self._system.account_object
        reading = self._session.access.asked(lambda fields: self._connector.read(account, fields, unique))
        pulled = Pulled()
        self._store(reading.values(), pulled, touch=False, recall=recall)
        absent = [id for id in unique if id not in reading]
        if absent:
            self._take_removals(self._fates(absent), pulled)
        survivors = [record.id for record in reading.values()]
        return self._ledger.accounts.records(self._name, {*unique, *survivors})

    def read_by_link(self, link_ids: Iterable[str], *, recall: Recall = _as_known) -> dict[str, Record]:
        """Records that carry the ids of these Links in their external id, by Link; each a member of its Link.
        They are not stored yet."""
        unique = sorted(set(link_ids))
        if not unique:
            return {}
        account, key = self._system.account_object, self._system.identity.external_id
        natives = self._session.access.asked(
            lambda fields: self._connector.read_by_key(account, fields, key, unique)
        )
        known = self._ledger.accounts.records(self._name, [native.id for native in natives.values()])
        records: dict[str, Record] = {}
        for link_id, native in natives.items():
            reading = self._reading(native)
            before = recall(known.get(native.id), reading)
            record = absorb(before, reading, acting_as=self._session.acting_as) or before
            if record is not None:
                records[link_id] = replace(record, link_id=LinkId(link_id))
        return records

    # -- one page ------------------------------------------------------------------------------------------

    def _take(self, page: Page, pulled: Pulled, *, touch: bool) -> None:
        self._store(page.records, pulled, touch=touch)
        self._take_removals(page.removals, pulled)

    def _store(
        self, natives: Iterable[NativeRecord], pulled: Pulled, *, touch: bool, recall: Recall = _as_known
    ) -> None:
        batch = list(natives)
        if not batch:
            return
        before = self._ledger.accounts.records(self._name, [native.id for native in batch])
        after: list[Record] = []
        unchanged: list[str] = []
        seen: list[Event] = []
        for native in batch:
            reading = self._reading(native)
            known = recall(before.get(native.id), reading)
            record = absorb(known, reading, acting_as=self._session.acting_as)
            if record is None and known != before.get(native.id):
                record = known
            if record is None:
                unchanged.append(native.id)
            else:
                after.append(record)
                seen.extend(edits(known, record, self._session.directory.writer))
        merged = {
            old: NativeId(native.id) for native in batch for old in native.merged_ids if old != native.id
        }
        # As long as a merge has not been followed, its survivor counts as unread: a process may die in between, and
        # what was read before is not read again.
        unread = {merged[old] for old in self._present(merged)}
        self._ledger.accounts.put(
            [replace(record, stamp=None) if record.id in unread else record for record in after], events=seen
        )
        if touch and unchanged:
            self._ledger.accounts.touch(self._name, unchanged)
        pulled.read += len(batch)
        pulled.changed += len(after)
        if merged:
            self._take_removals(
                (Removal(id=old, at=None, merged_into=new) for old, new in merged.items()), pulled
            )
        stamps = {record.id: record.stamp for record in after if record.id in unread}
        if stamps:
            stored = self._ledger.accounts.records(self._name, stamps)
            self._ledger.accounts.put(replace(stored[id], stamp=stamp) for id, stamp in stamps.items())

    def _present(self, ids: Iterable[str]) -> dict[NativeId, Record]:
        """Those of these ids that the ledger knows of as Records that stand."""
        known = self._ledger.accounts.records(self._name, list(ids))
        return {record.id: record for record in known.values() if record.state in _IN_PLACE}

    def _take_removals(self, removals: Iterable[Removal], pulled: Pulled) -> None:
        by_id = {removal.id: removal for removal in removals}
        known = self._ledger.accounts.records(self._name, list(by_id))
        for id, record in known.items():
            if record.state not in _IN_PLACE:
                continue
            survivor = by_id[id].merged_into
            pulled.removed += 1
            if survivor is not None:
                pulled.merges.extend(self._follow(NativeId(id), NativeId(survivor)))
            else:
                self._ledger.accounts.put([replace(record, state=RecordState.DELETED)])

    def _follow(self, loser: NativeId, survivor: NativeId) -> list[Merge]:
        """Take over a merge; answers with what it means for the accounts of both records.

        The Link goes to the survivor. Where that has a Link of its own, the two are one account now: the other one
        ends, and the record that it leaves behind in the other System is reported as a duplicate. That comes before
        the move, after which nobody would come back to it: a process may die in between.
        """
        known = self._ledger.accounts.records(self._name, [loser, survivor])
        links = {id: record.link_id for id, record in known.items() if record.link_id is not None}
        self._ledger.events.append(
            Event(kind="merged", link_id=link_id, system=self._name, old=loser, new=survivor)
            for link_id in dict.fromkeys(links.values())
        )
        ending = links.get(loser)
        if ending is not None and links.get(survivor, ending) != ending:
            reason = f"{self._name}: {loser} was merged into {survivor}, which has a Link of its own"
            left = self._ledger.accounts.by_link(ending)
            kept = self._ledger.accounts.by_link(links[survivor])
            there = {system: member.id for system, member in kept.records.items()} if kept is not None else {}
            self._ledger.matches.record(
                self._left_behind(record, survivor, there, reason)
                for record in (left.records.values() if left is not None else ())
                if record.system != self._name
            )
            self._ledger.accounts.close(ending, reason)
        self._ledger.accounts.move(self._name, loser, survivor)
        called = self._ledger.accounts.links(links.values())
        return [
            Merge(
                link_id=id,
                label=called[id].link.label if id in called else id,
                system=self._name,
                record_id=loser,
                survivor=survivor,
            )
            for id in dict.fromkeys(links.values())
        ]

    def _left_behind(
        self, record: Record, survivor: NativeId, there: Mapping[SystemName, NativeId], reason: str
    ) -> Match:
        """Whose account has been merged into another one: is it that one's record in its System, or does it stand there
        twice?"""
        twice = there.get(record.system)
        beside = RecordKey(self._name, survivor) if twice is None else RecordKey(record.system, twice)
        first, second = sorted((beside, record.key))
        return Match(kind=MERGED, evidence=reason, members=(first, second))

    def _seen(self, versions: Mapping[str, datetime]) -> set[str]:
        known = self._ledger.accounts.versions(self._name, list(versions))
        return {id for id, stamp in versions.items() if known.get(id) == stamp}

    # -- a full read ---------------------------------------------------------------------------------------

    def _check_not_emptied(self, pulled: Pulled, known: int, missing_share: float) -> None:
        missing = known - pulled.read
        if known >= EMPTIED_FLOOR and missing > known * missing_share:
            raise UnsafePlan(
                f"{self._name} showed {pulled.read:,} accounts; the ledger knows {known:,} ({missing / known:.0%} are "
                f"missing, and {missing_share:.0%} may be). Nothing was closed and nothing was written.",
                remedy="See whether the connected user lost its access or the credentials belong to another "
                "org: tandem doctor. If the accounts are really gone, say so for this one Run: "
                "tandem sync --full --max-change-share 1",
            )

    def _settle_missing(self, began: datetime, pulled: Pulled) -> None:
        """Records that a full read did not show: deleted, merged away, or merely hidden from us."""
        for ids in self._ledger.accounts.unseen(self._name, began):
            self._take_removals(self._fates(ids), pulled)
            still = self._ledger.accounts.records(self._name, ids)
            hidden = [
                replace(record, state=RecordState.INVISIBLE)
                for record in still.values()
                if record.state is RecordState.PRESENT
            ]
            self._ledger.accounts.put(hidden)
            pulled.removed += len(hidden)

    def _fates(self, ids: list[str]) -> list[Removal]:
        return list(self._connector.fate(self._system.account_object, ids).values())

    # -- canonical words -----------------------------------------------------------------------------------

    def _reading(self, native: NativeRecord) -> Reading:
        values, unreadable = self._translate(native)
        identity = self._system.identity
        name = _text(native.values.get(identity.name))
        websites = [
            text
            for field in (identity.domain, *identity.more_domains)
            if (text := _text(native.values.get(field))) is not None
        ]
        domains = tuple(dict.fromkeys(domain for text in websites for domain in company_domains(text)))
        sites = dict.fromkeys(site for text in websites for site in company_sites(text))
        return Reading(
            system=self._name,
            id=NativeId(native.id),
            name=name,
            domain=domains[0] if domains else None,
            more_domains=domains[1:],
            sites=tuple(sites),
            tandem_id=_text(native.values.get(identity.external_id)),
            values=values,
            unreadable=unreadable,
            modified_at=native.modified_at,
            modified_by=native.modified_by,
        )

    def _translate(self, native: NativeRecord) -> Read:
        session, users = self._session, self._session.users
        read = session.spelling.translator.read(native.values, session.directory)
        if not users.fresh and session.names_people(read.unreadable):
            # Perhaps an owner who joined since the users were read.
            users.refresh()
            read = session.spelling.translator.read(native.values, session.directory)
        return read


def _text(value: object) -> str | None:
    text = str(value).strip() if value is not None else ""
    return text or None
