"""People edit any System at any time, Runs are refused, cut off and repeated; no edit is ever silently gone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from hypothesis import note, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from mappings.fields import CanonicalField, FieldType, SyncRule
from mappings.fields import Direction as Way
from mappings.fields import OnConflict as Wins
from sync.core.confirmations import Settling
from sync.core.diff import Verdict
from sync.core.draft import Context, Draft
from sync.core.plan import Change
from sync.core.planner import plan_accounts
from sync.core.readings import Reading, absorb
from sync.model.journal import Settlement
from sync.model.records import (
    TANDEM_ID,
    Account,
    Link,
    LinkedField,
    LinkId,
    LinkSide,
    NativeId,
    Record,
    SystemName,
    Value,
)
from tests.sync.core.desk import NOON, STAGES, a_field, a_mapping, spellings

SYSTEMS = ("salesforce", "hubspot", "salesforce_emea")
TANDEM = "tandem"
#: In the order of a System's row; the value of every field is entered as a person would.
ENTERED: Mapping[str, tuple[Value, ...]] = {
    "stage": (None, *STAGES),
    "tier": (None, "tier_1", "tier_2"),
    "target": (None, "true", "false"),
    "size": (None, "40", "40.44", "41.26"),
    "owner": (None, "ann@example.com", "bob@example.com"),
}
FIELDS: Mapping[str, CanonicalField] = {
    "stage": a_field(
        "stage",
        FieldType.ENUM,
        rule=SyncRule(on_conflict=Wins.parse("furthest")),
        options=STAGES,
        ladder=True,
    ),
    "tier": a_field("tier", FieldType.ENUM, options=("tier_1", "tier_2")),
    "target": a_field("target", FieldType.BOOLEAN),
    "size": a_field("size", FieldType.NUMBER, rule=SyncRule(on_conflict=Wins.parse("hubspot"))),
    "owner": a_field(
        "owner", FieldType.TEXT, rule=SyncRule(direction=Way.parse("from_salesforce"), fill_blank=True)
    ),
}


def side(system: str) -> LinkSide:
    return LinkSide(LinkId("tdm1"), SystemName(system))


@dataclass
class Cell:
    """One field of one record, as the CRM and the people who use it know it."""

    value: Value = None
    #: A person's edit that not every System has taken over yet.
    waits: bool = False
    #: Written by a Run that was not settled yet: somebody's edit on its way.
    copy: bool = False
    #: A person's edit on top of such a copy.
    on_top: bool = False


class FieldHistory(RuleBasedStateMachine):
    """CRMs made of cells, a ledger made of Records, and the engine's way of carrying out a Plan."""

    @initialize(
        scale=st.sampled_from([{}, {"salesforce_emea": 1}]),
        knows_us=st.booleans(),
        systems=st.sampled_from([SYSTEMS, SYSTEMS, SYSTEMS[:2]]),
        name=st.sampled_from(sorted(FIELDS)),
    )
    def begin(self, scale: dict[str, int], knows_us: bool, systems: tuple[str, ...], name: str) -> None:
        self.name = name
        self.fields = {name: FIELDS[name]}
        self.systems = systems
        self.spellings = spellings(a_mapping(self.fields, systems, scale=scale))
        self.cells = {system: Cell(value=self.shows(system, None)) for system in systems}
        self.last_seen = {system: replace(cell) for system, cell in self.cells.items()}
        self.stamps: dict[str, datetime] = dict.fromkeys(systems, NOON)
        self.writers: dict[str, str] = dict.fromkeys(systems, "person")
        self.now = NOON
        self.acting_as = TANDEM if knows_us else None
        self.records: dict[SystemName, Record] = {}
        self.link = Link(id=LinkId("tdm1"), label="Acme", domain="acme.com", evidence="", stored=True)
        self.verdicts: dict[LinkedField, Verdict] = {}
        self.read()

    def shows(self, system: str, value: Value) -> Value:
        return self.spellings[system].shows(self.name, value)

    def tick(self, system: str, writer: str) -> None:
        self.now += timedelta(seconds=1)
        self.stamps[system], self.writers[system] = self.now, writer

    # -- people ------------------------------------------------------------------------------------------

    @rule(system=st.sampled_from(SYSTEMS), choice=st.integers(0, 4))
    def a_person_edits(self, system: str, choice: int) -> None:
        if system not in self.systems:
            return
        entered = ENTERED[self.name]
        value = self.shows(system, entered[choice % len(entered)])
        cell = self.cells[system]
        if value != cell.value:
            # A blank where nothing was ever settled is no edit: at the first meeting it takes the others' value.
            # Nor is a value that was changed and changed back before any of it was carried on.
            observed = self.records[SystemName(system)].observed
            met_blank = self.name not in observed and value == self.shows(system, None)
            on_its_way = any(other.copy for other in self.cells.values())
            changed_back = self.name in observed and value == observed[self.name] and not on_its_way
            cell.on_top = cell.on_top or cell.copy
            cell.value, cell.waits, cell.copy = value, not (met_blank or changed_back), False
            if value == self.last_seen[system].value:
                # Nobody can know of what came and went between two Runs.
                self.cells[system] = replace(self.last_seen[system])
            self.tick(system, "person")

    @rule(system=st.sampled_from(SYSTEMS))
    def somebody_touches_a_record_without_changing_a_value(self, system: str) -> None:
        if system in self.systems:
            self.tick(system, "workflow")

    @rule(data=st.data())
    def a_person_decides_a_conflict(self, data: st.DataObject) -> None:
        conflicts = self.plan().conflicts
        if conflicts:
            conflict = data.draw(st.sampled_from(conflicts))
            seen = {name: side.value for name, side in conflict.sides.items()}
            value = data.draw(st.sampled_from(sorted(seen.values(), key=str)))
            self.verdicts[LinkedField(conflict.link_id, conflict.field)] = Verdict(
                value=value, seen=seen, by="ops"
            )

    # -- the engine --------------------------------------------------------------------------------------

    def read(self) -> None:
        for system in self.systems:
            reading = Reading(
                system=SystemName(system),
                id=NativeId("1"),
                name="Acme",
                domain="acme.com",
                tandem_id="tdm1",
                values={self.name: self.cells[system].value},
                unreadable={},
                modified_at=self.stamps[system],
                modified_by=self.writers[system] if self.acting_as else None,
            )
            known = self.records.get(SystemName(system))
            found = absorb(known, reading, acting_as=self.acting_as)
            if found is not None:
                self.records[SystemName(system)] = replace(found, link_id=LinkId("tdm1"))

    def plan(self) -> Draft:
        account = Account(link=self.link, records=self.records)
        context = Context(fields=self.fields, spellings=self.spellings, verdicts=self.verdicts)
        return plan_accounts([account], context)

    def run(self, refusing: frozenset[str], order: list[str], *, dies_after: int = 9) -> Draft:
        """One Run, or as much of it as comes before the death of its process: so many confirmed writes."""
        self.read()
        draft = self.plan()
        settling = Settling(draft.agreements)
        confirmed: dict[LinkSide, dict[str, Value]] = {}
        self.settle(draft, settling.at_once(), confirmed)
        for system in order:
            changes = [change for change in draft.changes if change.system == system]
            if system in refusing or not changes:
                continue
            if dies_after == 0:
                break
            dies_after -= 1
            for change in changes:
                confirmed[side(system)] = {change.field: self.write(change)}
            self.settle(draft, settling.confirmed(SystemName(system), ["tdm1"], confirmed, {}), confirmed)
        self.last_seen = {system: replace(cell) for system, cell in self.cells.items()}
        return draft

    def write(self, change: Change) -> Value:
        assert change.field != TANDEM_ID
        cell = self.cells[change.system]
        note(f"{change.system}.{change.field}: {change.expected} -> {change.value} ({change.reason})")
        assert change.expected == cell.value, "the Plan was made from what stood there"
        shown = self.shows(change.system, change.value)
        assert shown != cell.value, "no write without a change"
        # An edit that was taken back is none; then somebody else's edit may be carried here.
        taken_back = (
            cell.value == self.records[change.system].observed.get(self.name)
            and not cell.on_top
            and any(
                not other.copy and self.shows(change.system, other.value) == shown
                for other in self.cells.values()
            )
        )
        if cell.waits and change.why != "decided" and not taken_back:
            assert change.overrules, f"an edit to {cell.value} was silently replaced by {change.value}"
        cell.value, cell.waits, cell.copy, cell.on_top = shown, False, True, False
        self.tick(change.system, TANDEM)
        record = self.records[change.system]
        self.records[change.system] = replace(
            record,
            current={**record.current, change.field: shown},
            echo={**record.echo, change.field: shown},
            not_before=self.now,
        )
        return shown

    def settle(
        self,
        draft: Draft,
        settlements: Iterable[Settlement],
        confirmed: Mapping[LinkSide, Mapping[str, Value]],
    ) -> None:
        """Take over what the engine says that is settled, and what that means for the people's edits."""
        for settlement in settlements:
            for system, values in settlement.observed.items():
                record = self.records[SystemName(system)]
                self.records[SystemName(system)] = replace(record, observed={**record.observed, **values})
                # It has reached somebody; whoever edits it there edits on top of it.
                self.cells[system].waits = False
            base = dict(settlement.base)
            for agreement in draft.agreements:
                if all(agreement.field in confirmed.get(side(system), {}) for system in agreement.after):
                    self.settled_all(
                        agreement.field, base.get(agreement.field), is_base=agreement.field in base
                    )

    def settled_all(self, name: str, base: Value, *, is_base: bool) -> None:
        self.verdicts.pop(LinkedField(LinkId("tdm1"), name), None)
        if is_base:
            self.link = replace(self.link, base={**self.link.base, name: base})
        for system in self.systems:
            cell = self.cells[system]
            if is_base:
                assert cell.value == self.shows(system, base), (
                    f"{system} was settled but holds another {name}"
                )
            cell.waits = cell.copy = cell.on_top = False

    @rule(
        order=st.permutations(SYSTEMS),
        refusing=st.frozensets(st.sampled_from(SYSTEMS)),
        dies_after=st.sampled_from([9, 0, 1, 2]),
    )
    def a_run_is_made(self, order: list[str], refusing: frozenset[str], dies_after: int) -> None:
        self.run(refusing, order, dies_after=dies_after)

    # -- what always holds -------------------------------------------------------------------------------

    @invariant()
    def an_edit_that_waits_is_seen_by_the_next_plan(self) -> None:
        if not hasattr(self, "link"):
            return
        before = dict(self.records)
        self.read()
        draft = self.plan()
        planned = {change.field for change in draft.changes} | {found.field for found in draft.conflicts}
        planned |= {agreement.field for agreement in draft.agreements}
        for system, cell in self.cells.items():
            if cell.waits and cell.value != before[SystemName(system)].observed.get(self.name):
                assert self.name in planned, f"nobody remembers that {system} became {cell.value}"
        self.records = before

    def teardown(self) -> None:
        if not hasattr(self, "link"):
            return
        for _ in range(3):
            self.run(frozenset(), list(SYSTEMS))
        last = self.run(frozenset(), list(SYSTEMS))
        assert last.changes == [], "it never comes to rest"
        if last.conflicts:
            return
        for system, cell in self.cells.items():
            if cell.waits:
                base = self.link.base.get(self.name)
                meant = (
                    base
                    if self.name in self.link.base and self.shows(system, base) == cell.value
                    else cell.value
                )
                everywhere = {self.cells[other].value == self.shows(other, meant) for other in self.systems}
                assert everywhere == {True}, f"the edit to {cell.value} in {system} is nowhere to be found"
            if self.name in self.link.base:
                assert cell.value == self.shows(system, self.link.base[self.name])


TestHistory = FieldHistory.TestCase
TestHistory.settings = settings(settings(), max_examples=60, stateful_step_count=25)
