"""One System's steps, carried out in an order in which each may be repeated after a break."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from connector.base import Connector, FieldDefinition, Rights
from connector.errors import ConnectorError, Rejected
from mappings.definitions import DesiredField
from provision.fields.compare_history import HISTORY, object_is_tracked, standard_fields, to_track
from provision.fields.compare_looks import (
    GROUP,
    OF_VALUE_SET,
    RECORD_TYPES,
    RETIRE,
    group_key,
    lacking_offers,
)
from provision.fields.compare_rights import BUNDLE
from provision.fields.state import Action, Line, Standing
from provision.fields.survey import digest
from provision.fields.translate import definition_of, extended, without_others
from sync.model.progress import Progress, Report, unwatched


@dataclass(kw_only=True)
class Steps:
    """Groups, history, fields, rights, record types, in this order.

    A step that is refused stops neither the others nor another System; anything worse ends this System.
    """

    connector: Connector
    #: As it stood when the plan was made.
    object: str
    standing: Standing
    fields: dict[str, FieldDefinition]
    #: By the System's own name.
    wanted: dict[str, DesiredField]
    lines: Sequence[Line]
    rights: Rights | None
    #: Told of each definition right after it was written, with the digest of what it should be from now on.
    note: Callable[[str, str], None]
    #: Told of each step that is done.
    report: Report = unwatched
    errors: list[ConnectorError] = field(default_factory=list)
    #: Fields that were made or changed.
    written: set[str] = field(default_factory=set)
    _done: int = 0

    def carry_out(self) -> None:
        """All of them. What went wrong is in ``errors``, each with the System's and the field's name."""
        try:
            self._label_groups()
            tracked = self._track()
            for name in self._named(Action.CREATE):
                self._try(name, partial(self._create, name, tracked))
            made = self._named(Action.CREATE)
            for name in self._named(Action.CHANGE):
                if name in made:
                    # What else is told of it (its record types) comes later.
                    continue
                self._try(name, partial(self._change, name, tracked))
            self._try(self.rights.name if self.rights is not None else "rights", self._grant)
            self._offer()
        except ConnectorError as error:
            self.errors.append(self._about(error))

    def _named(self, *actions: Action) -> list[str]:
        """Fields that lines of these actions are about."""
        return list(
            dict.fromkeys(
                line.field for line in self.lines if line.action in actions and line.field in self.wanted
            )
        )

    def _of(self, name: str) -> Iterator[Line]:
        return (line for line in self.lines if line.field == name and line.object == self.standing.object)

    def _try(self, name: str, step: Callable[[], None]) -> None:
        try:
            step()
        except Rejected as error:
            self.errors.append(self._about(error, name))
        else:
            self._tell(name)

    def _tell(self, name: str) -> None:
        """How many of the fields are done, where this was one."""
        fields = self._named(Action.CREATE, Action.CHANGE)
        if name in fields:
            self._done += 1
            self.report(
                Progress(
                    system=self.connector.name, what="fields written", done=self._done, total=len(fields)
                )
            )

    def _about(self, error: ConnectorError, name: str = "") -> ConnectorError:
        where = " ".join(part for part in (self.connector.name, name) if part)
        return ConnectorError(f"{where}: {error}", code=error.code, remedy=error.remedy)

    # -- fields ------------------------------------------------------------------------------------------------

    def _label_groups(self) -> None:
        for line in self.lines:
            if line.object == GROUP:
                self._try(line.field, partial(self._label_group, line.field, line.should))

    def _label_group(self, name: str, label: str) -> None:
        self.connector.label_group(self.object, name, label)
        self.note(group_key(name), label)

    def _track(self) -> Collection[str]:
        """Let the object's history be tracked where it is not, and standard fields; what may be tracked from now on."""
        asked = {line.field for line in self.lines if line.attribute == HISTORY and not line.narrows}
        made = {line.field for line in self.lines if line.action is Action.CREATE}
        tracked = to_track(list(self.wanted.values()), self.standing) & (asked | made)
        switched = self.standing.object in asked
        if not tracked or not (switched or object_is_tracked(self.standing)):
            return ()
        standard = standard_fields(sorted(tracked), self.standing)
        if standard or switched:
            try:
                self.connector.track_history(self.object, standard)
            except ConnectorError as error:
                # The fields themselves can be made without.
                self.errors.append(self._about(error, f"{self.object} history"))
                return ()
        return tracked

    def _create(self, name: str, tracked: Collection[str]) -> None:
        wanted = self.wanted[name]
        definition = replace(definition_of(wanted), tracked=name in tracked or None)
        self.connector.create_field(self.object, definition)
        self._wrote(name, wanted)

    def _change(self, name: str, tracked: Collection[str]) -> None:
        wanted, held, lines = self.wanted[name], self.fields[name], list(self._of(name))
        elsewhere = {RECORD_TYPES} if held.custom else {RECORD_TYPES, HISTORY}
        if all(line.attribute in elsewhere for line in lines if line.action is Action.CHANGE):
            return
        changed = definition_of(wanted) if wanted.create else extended(held, wanted)
        if any(line.attribute == RETIRE for line in lines):
            changed = without_others(changed, held, wanted)
        if not any(line.attribute in OF_VALUE_SET for line in lines):
            # Nothing about its values is to be changed, which other fields may share.
            changed = replace(changed, options=())
        narrow = any(line.narrows for line in lines)
        ended = any(line.narrows and line.attribute == HISTORY for line in lines)
        changed = replace(changed, tracked=False if ended else (name in tracked or None))
        self.connector.update_field(self.object, changed, narrow=narrow)
        self._wrote(name, wanted)

    def _wrote(self, name: str, wanted: DesiredField) -> None:
        self.written.add(name)
        self.note(name, digest(wanted))

    # -- who may use them --------------------------------------------------------------------------------------

    def _grant(self) -> None:
        bundle = [line for line in self.lines if line.object == BUNDLE]
        created = self._named(Action.CREATE)
        refused = {name for name in created if name not in self.written}
        promised = (name for line in bundle for name in line.should.split(", ") if name in self.wanted)
        names = [
            name
            for name in dict.fromkeys((*created, *self._named(Action.GRANT), *promised))
            if name not in refused
        ]
        if names or bundle:
            assignees = tuple(self.rights.lacking.values()) if self.rights is not None else ()
            self.connector.grant(self.object, names, assignees)

    def _offer(self) -> None:
        """Record types last: a value must be there before one offers it."""
        names = dict.fromkeys(line.field for line in self.lines if line.attribute == RECORD_TYPES)
        made = self._named(Action.CREATE)
        lacking: dict[str, dict[str, Sequence[str]]] = {}
        for name in names:
            if name in made and name not in self.written:
                continue
            there = name in self.standing.fields
            for kind, values in lacking_offers(self.wanted[name], self.standing, made=there).items():
                lacking.setdefault(kind, {})[name] = values
        for kind, offers in lacking.items():
            label = f"record type {self.standing.record_types[kind].label}"
            self._try(label, partial(self.connector.offer_values, self.object, kind, offers))
