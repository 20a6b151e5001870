"""People who work in both CRMs, and the plain record of what they did. Nothing here knows the engine.

What a person does goes to the CRM and, as an :class:`Edit`, to the list that the judge holds against the end.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from random import Random
from typing import Any

from tests.simulation.crms import ADMIN, MARKETING, SALES, Crms, Refused
from tests.simulation.fields import (
    FIELDS,
    PRIVATE,
    SYSTEMS,
    Field,
    Value,
    domain_of,
    living,
    may_be_blank,
    native,
    standing,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """One value that a person entered."""

    number: int
    at: datetime
    system: str
    record: str
    field: str
    value: Value
    #: What the person saw there and replaced; of a merge: in both records.
    before: frozenset[Value]
    #: A merge left what one of the two records held: news for the account of the other one alone.
    kept: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """What a person decided about a Conflict."""

    at: datetime
    #: How many Runs had come to their end.
    run: int
    #: System -> record of the account, and what the person was shown of it.
    members: Mapping[str, str]
    seen: Mapping[str, Value]
    field: str
    value: Value


@dataclass(slots=True, kw_only=True)
class Diary:
    """Everything that people did."""

    edits: list[Edit] = field(default_factory=list)
    #: (System, record) -> private field -> what people last entered there.
    private: dict[tuple[str, str], dict[str, str]] = field(default_factory=dict)
    #: Records that people made, deleted and merged away: (System, record) -> domain, or the survivor.
    created: dict[tuple[str, str], str] = field(default_factory=dict)
    deleted: set[tuple[str, str]] = field(default_factory=set)
    undeleted: set[tuple[str, str]] = field(default_factory=set)
    merged: dict[tuple[str, str], str] = field(default_factory=dict)
    #: Domain -> the score that was last computed for it.
    scores: dict[str, Value] = field(default_factory=dict)
    decided: list[Decided] = field(default_factory=list)
    #: Salesforce keeps the history of the fields.
    tracked: bool = True
    #: When a Run ended well, and the records, as (System, id), that stood there when it began.
    settled: list[tuple[datetime, frozenset[tuple[str, str]]]] = field(default_factory=list)
    #: When a Run ended, and what the CRMs had agreed on then: Link -> field -> value.
    bases: list[tuple[datetime, Mapping[str, Mapping[str, Value]]]] = field(default_factory=list)
    #: When each Run began that came to its end.
    began: list[datetime] = field(default_factory=list)
    #: When a write to Salesforce went out and its answer never came.
    blind: list[datetime] = field(default_factory=list)
    #: In words, for whoever reads a failure.
    lines: list[str] = field(default_factory=list)


class People:
    """Does one random thing after the other."""

    def __init__(self, crms: Crms, rng: Random, diary: Diary) -> None:
        self.crms = crms
        self.rng = rng
        self.diary = diary
        self._names = 0
        #: Most of what people do, they do to the same fields of the same few accounts: that is where they collide.
        self.contested = rng.sample(sorted(FIELDS), rng.choice((1, 2, 3)))
        self.heat = rng.choice((0.0, 0.5, 0.9))

    def say(self, line: str) -> None:
        self.diary.lines.append(f"{self.crms.clock.now():%d %H:%M:%S.%f} {line}")

    # -- a morning ---------------------------------------------------------------------------------------------

    def populate(self, accounts: int) -> None:
        """Companies that one of the CRMs knows, or both, with values that agree, differ or are blank."""
        for _ in range(accounts):
            self.create(self.rng.choice(("salesforce", "hubspot", "both", "both")))
            self.crms.clock.advance(self.rng.uniform(1, 90))

    def act(self) -> None:
        """One thing that a person does."""
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
        try:
            wants()
        except Refused as refused:
            self.say(f"refused: {refused}")

    # -- what they do ------------------------------------------------------------------------------------------

    def create_somewhere(self) -> None:
        self.create(self.rng.choice(("salesforce", "hubspot", "both")))

    def create(self, where: str) -> None:
        """A company of its own domain, in one CRM or in both."""
        self._names += 1
        domain = f"company{self._names}.com"
        systems = SYSTEMS if where == "both" else (where,)
        alike = {name: self._value(each) for name, each in FIELDS.items() if self.rng.random() < 0.4}
        alike.pop("engagement_score", None)
        for system in systems:
            values = dict(alike)
            for name, each in FIELDS.items():
                if self.rng.random() < 0.25:
                    values[name] = self._value(each)
            given = {name: value for name, value in values.items() if value is not None}
            record = self._new(system, f"Company {self._names}", domain, given)
            self.diary.created[system, record] = domain
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
        before = {name: standing(self.crms, system, record, name) for name in names}
        values = {
            name: self._value(FIELDS[name], blank=0.1 if may_be_blank(system, name) else 0.0)
            for name in names
        }
        values = {name: value for name, value in values.items() if value != before[name]}
        if not values:
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
        for name in values:
            now = standing(self.crms, system, record, name)
            self._note(system, record, name, now, before=[before[name]])

    def edit_private(self) -> None:
        place = self._somewhere()
        if place is None:
            return
        system, record = place
        name = self.rng.choice(PRIVATE[system][:2])
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
        name = "Name" if system == "salesforce" else "name"
        self._save(system, record, {name: f"Renamed {self._names}"})
        self.diary.private.setdefault(place, {})[name] = f"Renamed {self._names}"
        self.say(f"rename {system} {record}")

    def relocate(self) -> None:
        """A company gets another website, in one CRM only."""
        place = self._somewhere()
        if place is None:
            return
        system, record = place
        self._names += 1
        domain = f"company{self._names}.com"
        name = "Website" if system == "salesforce" else "domain"
        self._save(system, record, {name: domain})
        self.diary.private.setdefault(place, {})[name] = domain
        self.diary.created[place] = domain
        self.say(f"relocate {system} {record} {domain}")

    def compute_scores(self) -> dict[str, str]:
        """What somebody outside the CRMs computed, by domain."""
        domains = sorted(
            {domain_of(self.crms, system, id) for system in SYSTEMS for id in living(self.crms, system)}
        )
        scores = {
            domain: f"{self.rng.randrange(10_000) / 100:g}" for domain in domains if self.rng.random() < 0.5
        }
        self.diary.scores |= scores
        self.say(f"scores {scores}")
        return scores

    def touch(self) -> None:
        """A stamp moves and no value does."""
        place = self._somewhere()
        if place is None:
            return
        system, record = place
        order: dict[str, Any] = {"ids": [record]}
        self.crms.door(system, "touch", order if system == "salesforce" else {**order, "object": "companies"})
        self.say(f"touch {system} {record}")

    def delete(self) -> None:
        place = self._somewhere()
        if place is None:
            return
        system, record = place
        if system == "salesforce":
            self.crms.salesforce("DELETE", f"sobjects/Account/{record}", user=ADMIN)
        else:
            self.crms.hubspot("DELETE", f"objects/companies/{record}")
        self.diary.deleted.add(place)
        self.say(f"delete {system} {record}")

    def undelete(self) -> None:
        if not self.diary.deleted:
            return
        system, record = self.rng.choice(sorted(self.diary.deleted))
        order: dict[str, Any] = {"ids": [record]}
        if system == "salesforce":
            self.crms.door(system, "undelete", order)
        else:
            self.crms.door(system, "restore", {**order, "object": "companies"})
        self.diary.deleted.discard((system, record))
        self.diary.undeleted.add((system, record))
        self.say(f"undelete {system} {record}")

    def merge(self) -> None:
        """Two records of one CRM become one. What the survivor holds then is what the person wanted."""
        system = self.rng.choice(SYSTEMS)
        there = living(self.crms, system)
        if len(there) < 2:
            return
        master, loser = self.rng.sample(there, 2)
        before = {name: standing(self.crms, system, master, name) for name in FIELDS}
        lost = {name: standing(self.crms, system, loser, name) for name in FIELDS}
        if system == "salesforce":
            self.crms.door(system, "merge", {"master": master, "losers": [loser], "user": SALES})
            survivor = master
        else:
            body = {"primaryObjectId": master, "objectIdToMerge": loser}
            survivor = str(self.crms.hubspot("POST", "objects/companies/merge", body)["id"])
        for record in {master, loser} - {survivor}:
            self.diary.merged[system, record] = survivor
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
        system = self.rng.choice(SYSTEMS)
        there = living(self.crms, system)
        return (system, self.rng.choice(there)) if there else None

    def _somewhere_hot(self) -> tuple[str, str] | None:
        """Mostly one of the two oldest companies, which both CRMs know."""
        if self.rng.random() >= self.heat:
            return self._somewhere()
        system = self.rng.choice(SYSTEMS)
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
        if system == "salesforce":
            made = self.crms.salesforce(
                "POST", "sobjects/Account", {"Name": name, "Website": domain, **fields}
            )
        else:
            body = {"properties": {"name": name, "domain": domain, **fields}}
            made = self.crms.hubspot("POST", "objects/companies", body)
        return str(made["id"])

    def _save(self, system: str, record: str, fields: Mapping[str, Any]) -> None:
        if system == "salesforce":
            user = self.rng.choice((SALES, ADMIN))
            self.crms.salesforce("PATCH", f"sobjects/Account/{record}", dict(fields), user=user)
        else:
            body = {"properties": dict(fields)}
            self.crms.hubspot("PATCH", f"objects/companies/{record}", body, user=MARKETING)
