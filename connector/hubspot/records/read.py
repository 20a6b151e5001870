"""Reading records: what changed, what is there, and what became of those that are not."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from connector.base import NativeRecord, Page, Removal, Seen
from connector.endings import Pages
from connector.errors import Unavailable
from connector.hubspot.api.bodies import (
    BATCH,
    LIST_PAGE,
    LONGEST_QUERY,
    SEARCH_PAGE,
    ModifiedWindow,
    Position,
    absent_fields,
    asked_for,
    batch_read_body,
    by_asked_id,
    next_page,
    record_of,
    removal_of,
    search_body,
    stamps_of,
)
from connector.hubspot.api.errors import Missing
from connector.hubspot.api.transport import Answer, Query, Transport
from connector.hubspot.properties.properties import Definitions
from connector.hubspot.records.row_errors import row_errors

#: The window's end lies this far behind HubSpot's clock, which its answers tell in whole seconds only.
_WHOLE_SECOND = timedelta(seconds=1)
#: Seconds for which a requested property that records leave out is believed to exist, once that was checked.
_ABSENCE_TRUSTED = 600.0


class Reader:
    """Reads of one portal's records. Safe to share between threads."""

    def __init__(self, transport: Transport, definitions: Definitions, workers: ThreadPoolExecutor) -> None:
        self._transport = transport
        self._paths = transport.paths
        self._definitions = definitions
        self._workers = workers
        self._overlap = timedelta(seconds=transport.settings.overlap)
        self._absence_checked: dict[tuple[str, str], float] = {}

    # -- what changed ----------------------------------------------------------------------------------------

    def changes(
        self,
        object: str,
        fields: Sequence[str],
        position: str | None,
        seen: Seen | None = None,
        *,
        optional: Sequence[str] = (),
    ) -> Iterator[Page]:
        """Everything since ``position``; ``optional`` fields may be unknown to the portal and then read as None.

        The first read goes through the list, which is consistent; later ones ask the search index who changed
        and read the records themselves, because the index lags and serves old values for minutes (HubSpot:
        search). It looks back by ``overlap`` for that, and ``seen`` says what need not be read again. Within a
        page the oldest stands first; pages go by id, the only order in which HubSpot can be read through.

        Each read also goes through the whole list of archived records, 100 a call: HubSpot can neither filter
        nor sort it. It forgets them after 90 days. An idle read costs two calls where less than 100 are there.
        """
        wanted = (*fields, *optional)
        if position is None:
            self._definitions.require(object, fields)
            yield from self._everything(object, wanted, fields, None, seen)
            return
        at = Position.of(position)
        if at.list_after is not None:
            yield from self._everything(object, wanted, fields, at, seen)
            at = Position(until=at.until)
        elif at.window is not None:
            yield from self._window(object, wanted, fields, at.until, at.window, (), seen)
            at = Position(until=at.until)
        yield from self._since(object, wanted, fields, at.until, seen)

    def _since(
        self, object: str, fields: Sequence[str], demanded: Sequence[str], until: datetime, seen: Seen | None
    ) -> Iterator[Page]:
        since = until - self._overlap
        # The archived come first: their answer tells HubSpot's own time at the start of the read.
        removals, began = self._archived(object, since)
        window = ModifiedWindow(since=since, upper=began + _WHOLE_SECOND)
        yield from self._window(object, fields, demanded, began, window, removals, seen)

    def _window(
        self,
        object: str,
        fields: Sequence[str],
        demanded: Sequence[str],
        until: datetime,
        window: ModifiedWindow,
        removals: Sequence[Removal],
        seen: Seen | None,
    ) -> Iterator[Page]:
        """Page through fixed bounds by id; the next search is under way while a page's records are read."""
        pages = Pages(f"changed {object}")
        pending: Future[Answer] | None = self._search(object, window)
        while pending is not None:
            stamps = stamps_of(pending.result().data)
            pending = None
            if len(stamps) >= SEARCH_PAGE:
                window = replace(window, after_id=pages.go_on(max(stamps, key=int)))
                pending = self._search(object, window)
            known = seen(stamps) if seen is not None and stamps else set()
            unread = [id for id in stamps if id not in known]
            # HubSpot leaves unknown names out without a word: only where it leaves one out, its names are asked for.
            items = self._batch_read(object, fields, unread)
            self._note_absences(object, items, demanded)
            # Two merged ids can be found as one survivor.
            records = {record.id: record for record in (record_of(item, fields) for item in items)}
            yield Page(
                records=tuple(sorted(records.values(), key=lambda record: record.modified_at)),
                removals=tuple(removals),
                position=Position(until=until, window=window if pending else None).text(),
            )
            removals = ()

    def _search(self, object: str, window: ModifiedWindow) -> Future[Answer]:
        return self._workers.submit(
            self._transport.read, self._paths.search(object), body=search_body(window), search=True
        )

    def _everything(
        self,
        object: str,
        fields: Sequence[str],
        demanded: Sequence[str],
        at: Position | None,
        seen: Seen | None,
    ) -> Iterator[Page]:
        """The list, 100 a call, one page ahead. Names too long for an address go into batch reads of the ids."""
        properties = ",".join(asked_for(fields))
        fits = len(properties) <= LONGEST_QUERY
        if not fits:
            properties = ",".join(asked_for(()))

        def page_after(after: str | None) -> Future[Answer]:
            query = [("limit", str(LIST_PAGE)), ("properties", properties), ("archived", "false")]
            if after is not None:
                query.append(("after", after))
            return self._workers.submit(self._transport.read, self._paths.objects(object), query)

        pages = Pages(f"all {object}")
        pending: Future[Answer] | None = page_after(at.list_after if at else None)
        until = at.until if at else None
        while pending is not None:
            answer = pending.result()
            until = until or answer.at
            after = next_page(answer.data)
            pending = page_after(pages.go_on(after)) if after is not None else None
            items: Sequence[Mapping[str, Any]] = answer.data["results"]
            if not fits:
                items = self._batch_read(object, fields, [str(item["id"]) for item in items])
            self._note_absences(object, items, demanded)
            removals, _ = ((), None) if pending else self._archived(object, None)
            records = [record_of(item, fields) for item in items]
            if seen is not None and records:
                known = seen({record.id: record.modified_at for record in records})
                records = [record for record in records if record.id not in known]
            yield Page(
                records=tuple(sorted(records, key=lambda record: record.modified_at)),
                removals=tuple(removals),
                position=Position(until=until, list_after=after).text(),
            )

    def _archived(self, object: str, since: datetime | None) -> tuple[Sequence[Removal], datetime]:
        """Records archived after ``since`` (None: all), and HubSpot's time when the first page was served."""
        found: list[Removal] = []
        began: datetime | None = None
        after: str | None = None
        pages = Pages(f"archived {object}")
        while True:
            query = [("limit", str(LIST_PAGE)), ("properties", "hs_object_id"), ("archived", "true")]
            if after is not None:
                query.append(("after", after))
            answer = self._transport.read(self._paths.objects(object), query)
            began = began or answer.at
            removals = map(removal_of, answer.data["results"])
            found += [gone for gone in removals if since is None or gone.at is None or gone.at > since]
            after = next_page(answer.data)
            if after is None:
                return found, began
            pages.go_on(after)

    # -- by id and by key --------------------------------------------------------------------------------------

    def read(self, object: str, fields: Sequence[str], ids: Sequence[str]) -> dict[str, NativeRecord]:
        """Current records by the id asked for; a merged id answers with its survivor."""
        items = self._batch_read(object, fields, list(dict.fromkeys(ids)))
        self._note_absences(object, items, fields)
        return by_asked_id((record_of(item, fields) for item in items), ids)

    def read_by_key(
        self, object: str, fields: Sequence[str], key_field: str, keys: Sequence[str]
    ) -> dict[str, NativeRecord]:
        """Current records by the value of a unique property."""
        wanted = tuple(dict.fromkeys((*fields, key_field)))
        items = self._batch_read(object, wanted, list(dict.fromkeys(keys)), key_field=key_field)
        self._note_absences(object, items, wanted)
        by_key = {str(item["properties"].get(key_field)): record_of(item, wanted) for item in items}
        # HubSpot finds some unique values (e-mail addresses) whatever their case.
        folded = {key.casefold(): record for key, record in by_key.items()}
        matched = ((key, by_key.get(key) or folded.get(key.casefold())) for key in keys)
        return {key: record for key, record in matched if record is not None}

    def fate(self, object: str, ids: Sequence[str]) -> dict[str, Removal]:
        """What became of ids that a read did not find: archived ones by batch, merged ones by batch and, where that
        says nothing, one GET each, because only that is documented to lead from an old id to the survivor."""
        found = {
            removal.id: removal
            for removal in map(removal_of, self._batch_read(object, (), ids, query=[("archived", "true")]))
        }
        left = [id for id in dict.fromkeys(ids) if id not in found]
        living = self.read(object, (), left) if left else {}
        for id in left:
            record = living.get(id)
            survivor = record.id if record is not None else self._survivor(object, id)
            if survivor is not None and survivor != id:
                found[id] = Removal(id=id, at=None, merged_into=survivor)
        return {id: removal for id, removal in found.items() if id in set(ids)}

    def _survivor(self, object: str, id: str) -> str | None:
        try:
            answer = self._transport.look_up(self._paths.record(object, id), [("properties", "hs_object_id")])
        except Missing:
            return None
        return str(answer.data["id"])

    def _batch_read(
        self,
        object: str,
        fields: Sequence[str],
        ids: Sequence[str],
        *,
        key_field: str | None = None,
        query: Query = (),
    ) -> list[Mapping[str, Any]]:
        """Raw records, 100 a call and the calls side by side; ids that are not there are left out."""
        path = self._paths.batch(object, "read")
        bodies = [batch_read_body(chunk, fields, key_field=key_field) for chunk in chunks(ids, BATCH)]
        answers = list(
            self._workers.map(lambda body: self._transport.read(path, query, body=body).data, bodies)
        )
        for answer in answers:
            for error in row_errors(answer):
                # A record that is not there is left out. One that is merely not told must not pass for it: the read
                # would go on, and what somebody has edited there would be seen by nobody.
                if not error.refusal.gone:
                    raise Unavailable(f"HubSpot could not read some records: {error.refusal.message}")
        return [item for answer in answers for item in answer["results"]]

    def _note_absences(
        self, object: str, items: Iterable[Mapping[str, Any]], demanded: Sequence[str]
    ) -> None:
        """A property that was there at the start can be archived while we read; HubSpot then merely leaves it out."""
        now = self._transport.pace.now()
        doubtful = {
            name
            for name in absent_fields(items, demanded)
            if now - self._absence_checked.get((object, name), float("-inf")) >= _ABSENCE_TRUSTED
        }
        if doubtful:
            self._definitions.require(object, doubtful, fresh=True)
            self._absence_checked.update(dict.fromkeys(((object, name) for name in doubtful), now))


def chunks(things: Sequence[str], size: int) -> Iterator[list[str]]:
    """Pieces of at most ``size``, in order."""
    rest = iter(things)
    while piece := list(islice(rest, size)):
        yield piece
