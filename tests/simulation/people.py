"""People who work in the CRMs. What a person does goes to the CRM and, as an :class:`Edit`, to the diary that the judge
holds against the end. Nothing here knows the engine.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from random import Random
from string import ascii_lowercase
from typing import Any

from tests.simulation.crms import ADMIN, MARKETING, SALES, Crms, Refused, is_salesforce
from tests.simulation.diary import Diary, Edit
from tests.simulation.fields import (
    FIELDS,
    Field,
    Value,
    alike,
    domain_of,
    living,
    may_be_blank,
    native,
    private,
    standing,
)
from tests.simulation.under_way import Row

#: So many records that were written last are remembered by those who edit what a Run writes.
_REMEMBERED = 6


class RandomPeople:
    """Does one random thing after the other."""

    def __init__(self, crms: Crms, rng: Random, diary: Diary) -> None:
        self.crms = crms
        self.rng = rng
        self.diary = diary
        self._names = 0
        #: Most of what people do, they do to the same fields of the same few accounts: that is where they collide.
        self.contested = rng.sample(sorted(FIELDS), rng.choice((1, 2, 3)))
        self.heat = rng.choice((0.0, 0.5, 0.9))
        #: How much of it they do where a Run wrote a moment ago.
        self.aim = rng.choice((0.0, 0.3, 0.6, 0.9))
        self.written: deque[Row] = deque(maxlen=_REMEMBERED)

    def say(self, line: str) -> None:
        self.diary.lines.append(f"{self.crms.clock.now():%d %H:%M:%S.%f} {line}")

    # -- a morning ---------------------------------------------------------------------------------------------

    def populate(self, accounts: int) -> None:
        """Companies that one of the CRMs knows, or all, with values that agree, differ or are blank."""
        for _ in range(accounts):
            self.create_somewhere()
            self.crms.clock.advance(self.rng.uniform(1, 90))

    def act(self) -> None:
        """One thing that a person does."""
        if self.written and self.rng.random() < self.aim / 2:
            self.interfere(list(self.written))
            return
        wants = self.rng.choices(
            (
                self.edit,
                self.edit_private,
                self.create_somewhere,
                self.rename,
                self.relocate,
                self.touch,
                self.delete,
                self.undelete,
                self.merge,
            ),
            weights=(75, 5, 5, 3, 1, 3, 2, 2, 2),
        )[0]
        self._try(wants)

    def interfere(self, rows: Sequence[Row]) -> None:
        """Somebody edits one of these records that a Run is writing, or wrote a moment ago."""
        self._try(lambda: self._interfere(self.rng.choice(rows)))

    def _try(self, act: Callable[[], None]) -> None:
        try:
            act()
        except Refused as refused:
            self.say(f"refused: {refused}")

    # -- what they do ------------------------------------------------------------------------------------------

    def create_somewhere(self) -> None:
        """A company of its own domain: in half the cases all know it."""
        everywhere = self.crms.systems
        if self.rng.random() < 0.5:
            self.create(everywhere)
        else:
            self.create(self.rng.sample(everywhere, self.rng.randint(1, len(everywhere) - 1)))

    def create(self, systems: Sequence[str]) -> None:
        self._names += 1
        # Values that are made up count on; names that differ in a number would be two companies.
        domain, called = f"company{self._names}.com", f"Company {self._names}"
        same = {name: self._value(each) for name, each in FIELDS.items() if self.rng.random() < 0.4}
        same.pop("engagement_score", None)
        for system in systems:
            values = dict(same)
            for name, each in FIELDS.items():
                if self.rng.random() < 0.25:
                    values[name] = self._value(each)
            given = {name: value for name, value in values.items() if value is not None}
            record = self._new(system, called, domain, given)
            self.diary.created[system, record] = domain
            self._saved(system, record)
            self.say(f"new {system} {record} {domain} {given}")
            for name, value in given.items():
                # A checkbox that was never touched looks the same.
                if (name, value) != ("target_account", "false"):
                    self._note(system, record, name, value, before=[None])

    def edit(self) -> None:
        """One to three fields of one record, saved together."""
        place = self._somewhere_hot()
        if place is None:
            return
        system, record = place
        fields = self.contested if self.rng.random() < self.heat else sorted(FIELDS)
        names = self.rng.sample(fields, min(self.rng.choice((1, 1, 1, 2, 3)), len(fields)))
        values = {
            name: self._value(FIELDS[name], blank=0.1 if may_be_blank(system, name) else 0.0)
            for name in names
        }
        self._enter(system, record, values)

    def _interfere(self, row: Row) -> None:
        """To what the Run brings, to what it replaces, or to something else; mostly there, sometimes in the record that
        it comes from."""
        place = self._where(row)
        if place is None:
            return
        system, record = place
        fields = [name for name in row.values if name in FIELDS]
        if not fields or self.rng.random() < 0.15:
            fields = self.contested
        names = self.rng.sample(fields, min(self.rng.choice((1, 1, 1, 2)), len(fields)))
        values: dict[str, Value] = {}
        for name in names:
            draw, other = self.rng.random(), self._value(FIELDS[name], blank=0.1)
            if draw < 0.35 and name in row.values:
                other = row.values[name]
            elif draw < 0.65 and name in row.stood:
                other = row.stood[name]
            if other is not None or may_be_blank(system, name):
                values[name] = other
        self._enter(system, record, values)

    def _where(self, row: Row) -> tuple[str, str] | None:
        """The record of a row, or one of the same company in another CRM."""
        if row.record is None:
            return None
        if row.record not in living(self.crms, row.system):
            return None
        if self.rng.random() < 0.75:
            return row.system, row.record
        domain = domain_of(self.crms, row.system, row.record)
        others = [
            (system, record)
            for system in self.crms.systems
            for record in living(self.crms, system)
            if system != row.system and domain_of(self.crms, system, record) == domain
        ]
        return self.rng.choice(others) if others else (row.system, row.record)

    def _enter(self, system: str, record: str, values: Mapping[str, Value]) -> None:
        """Save these values together. What stands there already is saved once more, and is no edit."""
        before = {name: standing(self.crms, system, record, name) for name in values}
        edited = {name: value for name, value in values.items() if not alike(value, before[name])}
        if not edited and self.rng.random() < 0.5:
            return
        self._save(
            system,
            record,
            {
                FIELDS[name].of(system): native(self.crms, system, name, value)
                for name, value in values.items()
            },
        )
        self.say(f"edit {system} {record} " + ", ".join(f"{n} {before[n]} -> {v}" for n, v in values.items()))
        for name in edited:
            now = standing(self.crms, system, record, name)
            self._note(system, record, name, now, before=[before[name]])

    def edit_private(self) -> None:
        place = self._somewhere()
        if place is None:
            return
        system, record = place
        name = self.rng.choice(private(system)[:2])
        value = f"{self.rng.randrange(10**6)}"
        self._save(system, record, {name: value})
        self.diary.private.setdefault(place, {})[name] = value
        self.say(f"private {system} {record} {name} {value}")

    def rename(self) -> None:
        place = self._somewhere()
        if place is None:
            return
        system, record = place
        self._names += 1
        name = "Name" if is_salesforce(system) else "name"
        # In letters: names that differ in nothing but a number are two companies.
        called = "Renamed " + "".join(ascii_lowercase[int(digit)] for digit in str(self._names))
        self._save(system, record, {name: called})
        self.diary.private.setdefault(place, {})[name] = called
        self.say(f"rename {system} {record}")

    def relocate(self) -> None:
        """A company gets another website, in one CRM only."""
        place = self._somewhere()
        if place is None:
            return
        system, record = place
        self._names += 1
        domain = f"company{self._names}.com"
        name = "Website" if is_salesforce(system) else "domain"
        self._save(system, record, {name: domain})
        self.diary.private.setdefault(place, {})[name] = domain
        self.diary.created[place] = domain
        self.say(f"relocate {system} {record} {domain}")

    def compute_scores(self) -> dict[str, str]:
        """What somebody outside the CRMs computed, by domain."""
        domains = sorted(
            {
                domain_of(self.crms, system, id)
                for system in self.crms.systems
                for id in living(self.crms, system)
            }
        )
        scores = {
            domain: f"{self.rng.randrange(10_000) / 100:g}" for domain in domains if self.rng.random() < 0.5
        }
        self.diary.computed += [(self.diary.tick(), domain, score) for domain, score in scores.items()]
        self.say(f"scores {scores}")
        return scores

    def touch(self) -> None:
        """A stamp moves and no value does."""
        place = self._somewhere()
        if place is None:
            return
        system, record = place
        order: dict[str, Any] = {"ids": [record]}
        self.crms.door(system, "touch", order if is_salesforce(system) else {**order, "object": "companies"})
        self._saved(system, record)
        self.say(f"touch {system} {record}")

    def delete(self) -> None:
        place = self._somewhere()
        if place is None:
            return
        system, record = place
        if is_salesforce(system):
            self.crms.salesforce("DELETE", f"sobjects/Account/{record}", user=ADMIN, system=system)
        else:
            self.crms.hubspot("DELETE", f"objects/companies/{record}")
        self.diary.deleted.add(place)
        self.diary.gone[place] = self.diary.tick()
        self.say(f"delete {system} {record}")

    def undelete(self) -> None:
        if not self.diary.deleted:
            return
        system, record = self.rng.choice(sorted(self.diary.deleted))
        order: dict[str, Any] = {"ids": [record]}
        if is_salesforce(system):
            self.crms.door(system, "undelete", order)
        else:
            self.crms.door(system, "restore", {**order, "object": "companies"})
        self._saved(system, record)
        self.diary.deleted.discard((system, record))
        self.diary.gone.pop((system, record), None)
        self.diary.undeleted.add((system, record))
        self.say(f"undelete {system} {record}")

    def merge(self) -> None:
        """Two records of one CRM become one. What the survivor holds then is what the person wanted."""
        system = self.rng.choice(self.crms.systems)
        there = living(self.crms, system)
        if len(there) < 2:
            return
        master, loser = self.rng.sample(there, 2)
        before = {name: standing(self.crms, system, master, name) for name in FIELDS}
        lost = {name: standing(self.crms, system, loser, name) for name in FIELDS}
        if is_salesforce(system):
            self.crms.door(system, "merge", {"master": master, "losers": [loser], "user": SALES})
            survivor = master
        else:
            body = {"primaryObjectId": master, "objectIdToMerge": loser}
            survivor = str(self.crms.hubspot("POST", "objects/companies/merge", body)["id"])
        self._saved(system, survivor)
        for record in {master, loser} - {survivor}:
            self.diary.merged[system, record] = survivor
            self.diary.gone[system, record] = self.diary.tick()
        for record in (master, loser, survivor):
            self.diary.private.pop((system, record), None)
        self.say(f"merge {system} {loser} into {master}: {survivor}")
        for name, value in before.items():
            now = standing(self.crms, system, survivor, name)
            # Either of the two may have been the counterpart of an account in the other CRM.
            if now != value or now != lost[name]:
                self._note(
                    system, survivor, name, now, before=[value, lost[name]], kept=now in {value, lost[name]}
                )

    # -- details -----------------------------------------------------------------------------------------------

    def _somewhere(self) -> tuple[str, str] | None:
        system = self.rng.choice(self.crms.systems)
        there = living(self.crms, system)
        return (system, self.rng.choice(there)) if there else None

    def _somewhere_hot(self) -> tuple[str, str] | None:
        """Mostly one of the two oldest companies, which both CRMs know."""
        if self.rng.random() >= self.heat:
            return self._somewhere()
        system = self.rng.choice(self.crms.systems)
        there = [(domain_of(self.crms, system, id), id) for id in living(self.crms, system)]
        oldest = sorted(there, key=lambda found: (len(found[0]), found))[:2]
        return (system, self.rng.choice(oldest)[1]) if oldest else None

    def _value(self, each: Field, *, blank: float = 0.0) -> Value:
        value: Value
        if each.choices:
            value = self.rng.choice(each.choices)
        elif each.rule == "push":
            value = f"{self.rng.randrange(10_000) / 100:g}"
        else:
            self._names += 1
            value = f"{each.name} {self._names}"
        if self.rng.random() < blank:
            return None
        return value

    def _note(
        self,
        system: str,
        record: str,
        name: str,
        value: Value,
        *,
        before: Iterable[Value],
        kept: bool = False,
    ) -> None:
        self.diary.edits.append(
            Edit(
                number=len(self.diary.edits),
                moment=self.diary.tick(),
                at=self.crms.clock.now(),
                system=system,
                record=record,
                field=name,
                value=value,
                before=frozenset(before),
                kept=kept,
            )
        )

    def _new(self, system: str, name: str, domain: str, values: Mapping[str, Value]) -> str:
        fields = {
            FIELDS[field].of(system): native(self.crms, system, field, value)
            for field, value in values.items()
        }
        if is_salesforce(system):
            body = {"Name": name, "Website": domain, **fields}
            made = self.crms.salesforce("POST", "sobjects/Account", body, system=system)
        else:
            body = {"properties": {"name": name, "domain": domain, **fields}}
            made = self.crms.hubspot("POST", "objects/companies", body)
        return str(made["id"])

    def _save(self, system: str, record: str, fields: Mapping[str, Any]) -> None:
        if is_salesforce(system):
            user = self.rng.choice((SALES, ADMIN))
            path = f"sobjects/Account/{record}"
            self.crms.salesforce("PATCH", path, dict(fields), user=user, system=system)
        else:
            body = {"properties": dict(fields)}
            self.crms.hubspot("PATCH", f"objects/companies/{record}", body, user=MARKETING)
        self._saved(system, record)

    def _saved(self, system: str, record: str) -> None:
        self.diary.saves.setdefault((system, record), []).append(self.crms.clock.now())
