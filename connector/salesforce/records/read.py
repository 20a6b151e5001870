"""Reading records: what changed, what stands under an id or key, and what became of those that are gone."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

from connector.base import NativeRecord, OpportunityPage, Page, Removal, Stage, User, ValueCounts
from connector.endings import Pages
from connector.errors import Unsupported
from connector.salesforce.api import errors, soql
from connector.salesforce.api.describe_cache import Describes, Description
from connector.salesforce.api.session import COMPOSITE_LIMIT, Answer, Session
from connector.salesforce.api.stamps import moment
from connector.salesforce.records import rows
from connector.salesforce.records.rows import Position

#: Ids in one call (Salesforce: sObject Collections, "retrieve records with a request body").
READ_BATCH = 2000
#: How often a read may begin anew because its pages were lost, without having moved on in between.
_RESTARTS = 3
#: Merges of merges that are followed.
_MERGE_CHAIN = 5

_STAMPS = ("Id", "SystemModstamp", "LastModifiedById")
_FATE = ("IsDeleted", "MasterRecordId")
_OPPORTUNITY = (
    *("Name", "AccountId", "StageName", "Amount", "CloseDate", "IsClosed", "IsWon", "Probability"),
    *("OwnerId", "CreatedDate", "CurrencyIsoCode"),
)
#: Where a server gives no ``Date``, our own clock serves, this much earlier.
_WITHOUT_DATE = timedelta(minutes=15)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Piece:
    """One page of a scan."""

    rows: Sequence[Mapping[str, Any]]
    position: Position


#: Which fields to select on an object as it is described, and which conditions to set.
_Selection = Callable[[Description], tuple[list[str], list[str]]]


class Reader:
    """Reads one org's records."""

    def __init__(self, session: Session, describes: Describes) -> None:
        self._session = session
        self._describes = describes

    # -- changes ---------------------------------------------------------------------------------------------

    def changes(self, object: str, fields: Sequence[str], position: str | None) -> Iterator[Page]:
        """See ``Connector.changes``.

        Which versions were seen before is not asked: stamps are whole seconds, so a version that was read within
        its own second may not be the last of that second, and the values come with the stamps at no cost.
        """
        values = rows.reader_of(fields)

        def select(description: Description) -> tuple[list[str], list[str]]:
            return soql.columns(_STAMPS, fields), _companies_only(description)

        for piece in self._scan(object, fields, select, position):
            gone = [row for row in piece.rows if row.get("IsDeleted") is True]
            there = [row for row in piece.rows if row.get("IsDeleted") is not True]
            yield Page(
                records=tuple(rows.record(row, values(row)) for row in there),
                removals=tuple(rows.removal(row) for row in gone),
                position=str(piece.position),
            )

    def opportunities(self, position: str | None) -> Iterator[OpportunityPage]:
        """See ``Connector.opportunities``."""

        def select(description: Description) -> tuple[list[str], list[str]]:
            return [*_STAMPS[:2], *(field for field in _OPPORTUNITY if description.has(field))], []

        for piece in self._scan("Opportunity", (), select, position):
            yield OpportunityPage(
                opportunities=tuple(
                    rows.opportunity(row) for row in piece.rows if row.get("IsDeleted") is not True
                ),
                removals=tuple(rows.removal(row) for row in piece.rows if row.get("IsDeleted") is True),
                position=str(piece.position),
            )

    def _scan(
        self, object: str, asked: Sequence[str], select: _Selection, position: str | None
    ) -> Iterator[_Piece]:
        start = self._start(position)
        full = start is None or start.full
        after = None if start is None else start.after
        # A read that was broken off keeps the moment at which it began: what changed since comes next time.
        since = start.since if start is not None and after is not None else None
        floor = (
            start.since - timedelta(seconds=self._session.settings.overlap)
            if start is not None and after is None
            else None
        )
        restarts = 0
        pages = Pages(f"a query of {object}")
        answer = self._first(object, asked, select, full=full, floor=floor, after=after)
        while True:
            since = since or self._began(answer)
            body = answer.body
            found: list[dict[str, Any]] = body["records"]
            if found:
                restarts = 0
                after = (moment(found[-1]["SystemModstamp"]), found[-1]["Id"])
            done = bool(body["done"])
            place = Position(since=since) if done else Position(since=since, after=after, full=full)
            if found or done:
                yield _Piece(rows=found, position=place)
            if done:
                return
            try:
                answer = self._session.page(pages.go_on(body["nextRecordsUrl"]))
            except Unsupported as error:
                # Pages live for two days at most, and die with a server: go on after the last row that came.
                restarts += 1
                if error.code != errors.LOCATOR_LOST or restarts > _RESTARTS:
                    raise
                answer = self._first(object, asked, select, full=full, floor=floor, after=after)
                pages = Pages(f"a query of {object}")

    def _first(
        self,
        object: str,
        asked: Sequence[str],
        select: _Selection,
        *,
        full: bool,
        floor: datetime | None,
        after: soql.Key | None,
    ) -> Answer:
        def ask(description: Description) -> Answer:
            fields, conditions = select(description)
            if not full:
                fields += [field for field in _FATE if description.has(field)]
            text = soql.scan(object, fields, since=floor, after=after, conditions=conditions)
            return self._session.query(text, deleted=not full)

        return self._with_fields(object, asked, ask)

    def _with_fields(self, object: str, asked: Sequence[str], ask: Callable[[Description], Answer]) -> Answer:
        """Ask, and where Salesforce does not know a field, say at once which of those asked for are not there."""
        try:
            return ask(self._describes.of(object))
        except Unsupported as error:
            if error.code != errors.INVALID_FIELD:
                raise
            refused = error
        description = self._describes.of(object, fresh=True)
        missing = description.missing(asked)
        if missing:
            raise self._session.named(
                Unsupported(
                    f"{object} has no field {', '.join(missing)}, or the connected user may not see it",
                    code=errors.INVALID_FIELD,
                    remedy="Make and show what is missing with: tandem provision apply. Or correct the mapping.",
                    fields=tuple(missing),
                )
            ) from refused
        # Not one of those asked for, so one that we added by an old description.
        return ask(description)

    def _start(self, position: str | None) -> Position | None:
        if position is None:
            return None
        try:
            return Position.parse(position)
        except ValueError as error:
            raise self._session.named(
                Unsupported(
                    str(error), code="POSITION", remedy="Read everything again: `tandem ledger rebuild`."
                )
            ) from error

    def _began(self, answer: Answer) -> datetime:
        return answer.sent or self._session.pace.wall() - _WITHOUT_DATE

    # -- single records --------------------------------------------------------------------------------------

    def read(self, object: str, fields: Sequence[str], ids: Sequence[str]) -> Mapping[str, NativeRecord]:
        """See ``Connector.read``. One call per 2,000 ids."""
        values = rows.reader_of(fields)
        selected = soql.columns(_STAMPS, fields)
        found: dict[str, NativeRecord] = {}
        asked = {errors.to_18(id): id for id in ids}
        wanted = list(asked)
        for start in range(0, len(wanted), READ_BATCH):
            body = {"ids": wanted[start : start + READ_BATCH], "fields": selected}
            path = f"composite/sobjects/{soql.name(object)}"
            answer = self._with_fields(
                object,
                fields,
                lambda _, path=path, body=body: self._session.call(  # type: ignore[misc]
                    "POST", path, body=body, writes=False
                ),
            )
            for row in answer.body or ():
                if row is not None:
                    found[asked[row["Id"]]] = rows.record(row, values(row))
        return found

    def read_by_key(
        self, object: str, fields: Sequence[str], key_field: str, keys: Sequence[str]
    ) -> Mapping[str, NativeRecord]:
        """See ``Connector.read_by_key``. Keys match in any case, as a unique field of Salesforce does."""
        values = rows.reader_of(fields)
        key_of = rows.reader_of([key_field])
        selected = soql.columns(_STAMPS, [key_field], fields)
        asked = {key.casefold(): key for key in keys}
        exact = set(keys)
        found: dict[str, NativeRecord] = {}
        statements = [
            soql.by_values(object, selected, key_field, chunk) for chunk in soql.in_lists(dict.fromkeys(keys))
        ]
        for row in self._rows_of(object, [key_field, *fields], statements):
            held = str(key_of(row)[key_field])
            key = held if held in exact else asked.get(held.casefold())
            if key is not None:
                found[key] = rows.record(row, values(row))
        return found

    def fate(self, object: str, ids: Sequence[str]) -> Mapping[str, Removal]:
        """See ``Connector.fate``. A merge of a merge is followed to the record that is still there."""
        asked = {errors.to_18(id): id for id in ids}
        found: dict[str, Removal] = {}
        wanted = list(asked)
        for _ in range(_MERGE_CHAIN):
            new = {removal.id: removal for removal in self._removals(object, wanted)}
            found |= new
            wanted = [
                removal.merged_into
                for removal in new.values()
                if removal.merged_into is not None and removal.merged_into not in found
            ]
            if not wanted:
                break
        return {
            asked[id]: Removal(id=id, at=removal.at, merged_into=_survivor(removal, found))
            for id, removal in found.items()
            if id in asked
        }

    def _removals(self, object: str, ids: Sequence[str]) -> Iterator[Removal]:
        if not ids:
            return
        description = self._describes.of(object)
        selected = ["Id", "SystemModstamp", *(field for field in _FATE if description.has(field))]
        statements = [
            soql.by_values(object, selected, "Id", chunk, ["IsDeleted = true"])
            for chunk in soql.in_lists(ids)
        ]
        for row in self._rows_of(object, (), statements, deleted=True):
            yield rows.removal(row)

    def _rows_of(
        self, object: str, asked: Sequence[str], statements: Sequence[str], *, deleted: bool = False
    ) -> Iterator[Mapping[str, Any]]:
        """Rows of several statements, five to a call: in a body they may be longer than in an address."""
        path = "queryAll" if deleted else "query"
        for start in range(0, len(statements), COMPOSITE_LIMIT):
            parts = [
                {"method": "GET", "path": f"{path}/?q={quote(text, safe='')}"}
                for text in statements[start : start + COMPOSITE_LIMIT]
            ]
            for body in self._with_fields(object, asked, lambda _, parts=parts: self._bodies(parts)).body:  # type: ignore[misc]
                yield from self._session.rest_of(body)

    def _bodies(self, parts: Sequence[Mapping[str, Any]]) -> Answer:
        answers, whole = self._session.composite(parts, judge=errors.any_failed)
        return replace(whole, body=[body for _, body in answers])

    # -- people and stages -----------------------------------------------------------------------------------

    def users(self) -> list[User]:
        """See ``Connector.users``."""
        return [rows.user(row) for row in self._session.everything(soql.USERS)]

    def latest(self, object: str, most: int) -> list[str]:
        """See ``Connector.latest``."""
        return [
            errors.to_18(row["Id"]) for row in self._session.query(soql.latest(object, most)).body["records"]
        ]

    def value_counts(self, object: str, field: str, besides: Sequence[str]) -> ValueCounts:
        """See ``Connector.value_counts``."""

        def ask(description: Description) -> Answer:
            return self._session.query(soql.counts_by_value(object, field, _companies_only(description)))

        answer = self._with_fields(object, [field], ask)
        # SOQL compares and groups whatever the case.
        known = {value.casefold() for value in besides}
        # The answer spells the field as its definition does, whatever the case that was asked in.
        held = {
            next(str(value) for name, value in row.items() if name.lower() == field.lower()): row["records"]
            for row in answer.body["records"]
        }
        others = 0
        if len(held) >= soql.MOST_GROUPS:
            # There may be more values than an aggregate tells.
            conditions = soql.filled(field, _companies_only(self._describes.of(object)))
            total = self._session.query(soql.count_where(object, conditions)).body["records"][0]["records"]
            others = max(int(total) - sum(held.values()), 0)
        return ValueCounts(
            values={value: count for value, count in held.items() if value.casefold() not in known},
            others=others,
        )

    def count_beyond(self, object: str, field: str, length: int | None, size: int | None) -> int | None:
        """See ``Connector.count_beyond``."""
        if length is not None:
            condition = soql.longer_than(field, length)
        elif size is not None:
            condition = soql.as_large_as(field, size)
        else:
            return None

        def ask(_: Description) -> Answer:
            return self._session.query(soql.count_where(object, condition))

        return int(self._with_fields(object, [field], ask).body["records"][0]["records"])

    def stages(self) -> list[Stage]:
        """See ``Connector.stages``."""
        return [rows.stage(row) for row in self._session.everything(soql.STAGES)]


def _companies_only(description: Description) -> list[str]:
    """What leaves people out where an org keeps them among its accounts (Salesforce Help, "Person Accounts")."""
    return ["IsPersonAccount = false"] if description.has("IsPersonAccount") else []


def _survivor(removal: Removal, found: Mapping[str, Removal]) -> str | None:
    survivor = removal.merged_into
    for _ in range(_MERGE_CHAIN):
        further = found.get(survivor) if survivor is not None else None
        if further is None or further.merged_into is None:
            break
        survivor = further.merged_into
    return survivor
