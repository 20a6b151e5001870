"""From accounts to a Plan: every mapped field of every account is decided, and the decisions become Changes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import partial

from mappings.fields import CanonicalField, DirectionKind, FieldType
from mappings.identity.names import name_to_show
from sync.core.conflicts import Conflict, Seen, proposals
from sync.core.diff import CONFLICTS, Decision, Side, Verdict, Why, decide, settle
from sync.core.draft import Context, Draft, EditTimes
from sync.core.hold import Hold
from sync.core.plan import Agreement, Change, Create
from sync.core.sides import seen_in_time
from sync.model.records import (
    TANDEM_ID,
    Account,
    Base,
    Edited,
    Evidence,
    LinkedField,
    LinkSide,
    Record,
    SystemName,
    Value,
)
from sync.model.spelling import Spelling

#: Reasons of which people, or the rule, ask who spoke last.
_CONTESTED = CONFLICTS - {Why.FLIP_FLOP} | {Why.NEWEST}

#: Code of what is held because another record carries the mark of the account.
MARKED = "marked_elsewhere"

#: No value that could have been written.
_NEVER = object()


#: Asks when contested values, given as (Link, field), were edited, and by whom.
AskTimes = Callable[[Iterable[LinkedField]], EditTimes]


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """All that ``decide`` is given of one field of one account."""

    spec: CanonicalField
    sides: Mapping[str, Side]
    base: Base | None
    pushed: Value = None
    verdict: Verdict | None = None
    parked: bool = False

    def decide(self) -> Decision:
        return decide(
            self.spec,
            self.sides,
            base=self.base,
            pushed=self.pushed,
            verdict=self.verdict,
            parked=self.parked,
        )


def plan_accounts(accounts: Iterable[Account], context: Context, ask: AskTimes | None = None) -> Draft:
    """Decide every account; the result is unordered. A field of which the Systems say different things waits for what
    ``ask`` tells of the times of its edits, and is decided then."""
    draft = Draft()
    rules = {name: rule_text(spec) for name, spec in context.fields.items()}
    contested: list[tuple[_Case, CanonicalField]] = []
    for account in accounts:
        case = _Case(account, context, draft, rules)
        contested.extend((case, spec) for spec in case.plan(leave_contested=ask is not None))
    if ask is not None and contested:
        times = ask(LinkedField(case.link.id, spec.name) for case, spec in contested)
        for case, spec in contested:
            case.know(times)
            case.plan_field(spec)
    return draft


def questions(account: Account, context: Context) -> dict[str, Question]:
    """What ``decide`` is given of each field of an account that can be decided now."""
    case = _Case(account, context, Draft(), {})
    asked = {name: case.question(spec) for name, spec in context.fields.items()}
    return {name: question for name, question in asked.items() if question is not None}


class _Case:
    """One account on the desk."""

    def __init__(self, account: Account, context: Context, draft: Draft, rules: Mapping[str, str]) -> None:
        self.account = account
        self.link = account.link
        self.context = context
        self.draft = draft
        self.rules = rules
        self.missing = self._missing()
        self.pushed = context.pushed(account.link.id)

    def plan(self, *, leave_contested: bool) -> list[CanonicalField]:
        """Decide the account; answers with the contested fields that it left for later."""
        contested: list[CanonicalField] = []
        for system in self.missing:
            self.draft.creates.append(
                Create(
                    link_id=self.link.id,
                    label=self.link.label,
                    system=system,
                    name=self._name(),
                    domain=self.link.domain,
                )
            )
        for spec in self.context.fields.values():
            if self._is_quiet(spec.name) and spec.name not in self.pushed:
                continue
            if not self.plan_field(spec, leave_contested=leave_contested):
                contested.append(spec)
        if self.context.marks:
            self._mark()
        return contested

    def know(self, times: EditTimes) -> None:
        """Go by these times of edits from now on."""
        self.context = replace(self.context, times=times)

    def plan_field(self, spec: CanonicalField, *, leave_contested: bool = False) -> bool:
        """Decide one field, and plan what follows; False where it was left because it is contested."""
        question = self.question(spec)
        if question is None:
            return True
        decision = question.decide()
        if leave_contested and decision.why in _CONTESTED:
            return False
        self._carry(question, decision)
        return True

    def _missing(self) -> tuple[SystemName, ...]:
        """Systems that lack this account and get it. Without a domain nothing tells a duplicate from a new
        account, so such an account is not created anywhere."""
        if self.link.domain is None or not self.context.may_create(self.account):
            return ()
        lacking = [system for system in sorted(self.context.creates_in) if system not in self.account.records]
        for system in lacking:
            marked = self.context.marked.get(LinkSide(self.link.id, system))
            if marked is not None:
                self._hold(
                    system,
                    "",
                    code=MARKED,
                    message=f"is not made there yet: {marked} still carries this account's Tandem id",
                    remedy=f"It is made as soon as {marked} carries another id, or none. If the two are one account "
                    "after all: tandem matches pin",
                )
        return tuple(system for system in lacking if (self.link.id, system) not in self.context.marked)

    def _name(self) -> str:
        """What the account is called where it is made: never an id or a stand-in such as ``n/a``."""
        records = [record for _, record in sorted(self.account.records.items())]
        ids = {self.link.id, *(record.id for record in records)}
        names = (self.link.label, *(record.name for record in records))
        name = name_to_show((name for name in names if name not in ids), self.link.domain)
        # What has neither name nor domain is made nowhere.
        assert name is not None, self.link.id
        return name

    def _is_quiet(self, name: str) -> bool:
        """Did nothing leave Observed? Then ``decide`` would say so; most fields of most accounts are asked no more."""
        return not self.missing and all(
            name in record.observed
            and record.current.get(name) == record.observed[name]
            and name not in record.unreadable
            and name not in record.covered
            and not self._was_put_back(record, name)
            for record in self.account.records.values()
            if self.context.spellings[record.system].keeps(name)
        )

    def _mark(self) -> None:
        """Records carry the Link's id, so that a lost ledger can be rebuilt from the CRMs."""
        for record in self.account.records.values():
            if record.tandem_id != self.link.id:
                self.draft.changes.append(
                    Change(
                        link_id=self.link.id,
                        label=self.link.label,
                        system=record.system,
                        record_id=record.id,
                        field=TANDEM_ID,
                        expected=record.tandem_id,
                        value=self.link.id,
                        why=Why.PUSHED,
                    )
                )

    def question(self, spec: CanonicalField) -> Question | None:
        """What ``decide`` is given of one field; None where it cannot be decided now."""
        name = spec.name
        sides = self._sides(name)
        if not sides:
            return None
        return Question(
            spec=spec,
            sides=sides,
            base=self.link.base_of(name),
            pushed=self.pushed.get(name),
            verdict=self.context.verdicts.get(LinkedField(self.link.id, name)),
            parked=(self.link.id, name) in self.context.parked,
        )

    def _sides(self, name: str) -> dict[str, Side] | None:
        """The sides of one field; None where it cannot be decided now."""
        if name in self.context.lost:
            return None
        sides: dict[str, Side] = {}
        known = True
        for system, record in self.account.records.items():
            spelling = self.context.spellings[system]
            if not spelling.keeps(name):
                continue
            if name in record.unreadable:
                self._hold(
                    system,
                    name,
                    code="unreadable",
                    message=record.unreadable[name],
                    remedy=f"Correct the value in {system}, or add it to the mapping.",
                )
                known = False
            elif name not in record.current:
                # The field was mapped after this record was last read; the next full read brings its value.
                known = False
            else:
                sides[system] = self._side(record, name, spelling)
        for system in self.missing:
            spelling = self.context.spellings[system]
            if spelling.keeps(name):
                shows = partial(spelling.shows, name)
                sides[system] = Side(current=shows(None), new=True, shows=shows)
        return sides if known else None

    def _side(self, record: Record, name: str, spelling: Spelling) -> Side:
        current = record.current[name]
        observed = record.observed.get(name)
        settled = name in record.observed and not self._was_put_back(record, name)
        written = record.echo.get(name, _NEVER)
        edited = self._edited(record.system, name)
        pushed = self.pushed.get(name)
        return Side(
            current=current,
            observed=observed,
            settled=settled,
            carried=written == current and not (settled and observed == current),
            edited_at=edited.at,
            or_earlier=edited.or_earlier,
            evidence=edited.evidence,
            covered=record.covered.get(name),
            fought=(self.link.id, record.system, name, pushed) in self.context.put_back,
            shows=partial(spelling.shows, name),
        )

    def _was_put_back(self, record: Record, name: str) -> bool:
        """Does a value stand there that somebody took away and put back before anything was ever agreed on? It is
        where it was, and so is the question about it."""
        return (
            name not in self.link.base
            and self.context.fields[name].rule.direction.kind is DirectionKind.TWO_WAY
            and record.current.get(name) is not None
            and record.current.get(name) == record.observed[name]
            and name not in record.echo
        )

    def _edited(self, system: SystemName, name: str) -> Edited:
        """What is known of the edit that counts: one that our write covered, or the one that stands there."""
        record = self.account.records.get(system)
        if record is None:
            return Edited(at=None)
        edited = self.context.edited(record, name)
        covered = record.covered.get(name)
        if covered is None or edited.evidence is Evidence.FIELD_HISTORY:
            return edited
        return Edited(at=covered.at, by=covered.by)

    def _carry(self, question: Question, decision: Decision) -> None:
        """Plan what follows from a decision, which is not altered here."""
        name, sides = question.spec.name, question.sides
        if decision.is_conflict:
            self.draft.conflicts.append(self._conflict(question, decision))
            return
        for system in decision.fought:
            self._hold(
                SystemName(system),
                name,
                code="flip_flop",
                message=f"something in {system} replaces {decision.value} each time; left alone until there is "
                "another score",
                remedy=f"Find what else writes the field in {system} (tandem explain, tandem doctor) and end it.",
            )
        for system in decision.writes:
            self._write(question, decision, SystemName(system))
        self._agree(name, sides, decision)

    def _write(self, question: Question, decision: Decision, system: SystemName) -> None:
        """Add the Change, or hold the field where the System cannot take the value.

        A field that is held is not settled: its Agreement waits for a confirmation that does not come.
        """
        name, side = question.spec.name, question.sides[system]
        reason = self.context.spellings[system].unwritable(name, decision.value)
        if reason is not None:
            remedy = f"Change the value, or what {system} accepts, and it goes with the next Run."
            if question.spec.type is FieldType.USER:
                remedy = (
                    f"Give this person one active user in {system}, or name their other address, or a stand-in for "
                    f"{system}, in the mapping (people:)."
                )
            self._hold(system, name, code="unwritable", message=reason, remedy=remedy)
            return
        record = self.account.records.get(system)
        self.draft.changes.append(
            Change(
                link_id=self.link.id,
                label=self.link.label,
                system=system,
                record_id=record.id if record is not None else None,
                field=name,
                expected=record.current[name] if record is not None else None,
                value=decision.value,
                why=decision.why,
                led_by=decision.led_by,
                evidence=decision.evidence,
                overrules=system in decision.overruled,
                fills=side.new or (side.joins and side.blank),
                rule=self.rules[name],
            )
        )

    def _agree(self, name: str, sides: Mapping[str, Side], decision: Decision) -> None:
        observed = settle(decision, sides)
        if observed is None or (not decision.writes and self._stands(name, decision.base, observed)):
            return
        self.draft.agreements.append(
            Agreement(
                link_id=self.link.id,
                field=name,
                base=decision.base,
                observed=observed,
                after=decision.writes,
                why=decision.why,
                led_by=decision.led_by,
                overruled=decision.overruled,
            )
        )

    def _stands(self, name: str, base: Base | None, observed: Mapping[str, Value]) -> bool:
        """Does the ledger hold all of it already?"""
        records = self.account.records
        return (base is None or base == self.link.base_of(name)) and all(
            record is not None
            and name in record.observed
            and record.observed[name] == value
            and name not in record.covered
            for system, value in observed.items()
            for record in [records.get(SystemName(system))]
        )

    def _hold(self, system: SystemName, name: str, *, code: str, message: str, remedy: str) -> None:
        self.draft.held.append(
            Hold(
                link_id=self.link.id,
                label=self.link.label,
                system=system,
                field=name,
                code=code,
                message=message,
                remedy=remedy,
            )
        )

    def _conflict(self, question: Question, decision: Decision) -> Conflict:
        spec, base = question.spec, question.base
        sides, _ = seen_in_time(question.sides, base)
        seen: dict[str, Seen] = {}
        for name, side in sides.items():
            system = SystemName(name)
            edited = self._edited(system, spec.name)
            seen[system] = Seen(
                value=side.current,
                observed=side.observed,
                at=edited.at,
                by=self.context.who(system, edited.by),
                evidence=edited.evidence,
            )
        return Conflict(
            link_id=self.link.id,
            label=self.link.label,
            field=spec.name,
            why=decision.why,
            base=base,
            sides=seen,
            proposals=proposals(spec, question.sides, base),
        )


def rule_text(spec: CanonicalField) -> str:
    """A field's rule as it is written in the mapping."""
    rule = spec.rule
    parts = [str(rule.direction)]
    if rule.direction.kind is DirectionKind.TWO_WAY:
        parts.append(f"on_conflict {rule.on_conflict}")
    if rule.fill_blank:
        parts.append("fill_blank")
    return ", ".join(parts)
