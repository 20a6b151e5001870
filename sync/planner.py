"""From accounts to a Plan: every mapped field of every account is decided, and the decisions become Changes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import partial

from mappings.fields import CanonicalField, DirectionKind
from sync.conflicts import Conflict, Seen, proposals
from sync.diff import CONFLICTS, Decision, Settled, Side, Why, decide, settle
from sync.drafting import Context, Draft
from sync.plan import Agreement, Change, Create, Hold
from sync.records import TANDEM_ID, Account, Covered, Edited, Evidence, Record, Value
from sync.spelling import Spelling

#: Directions in which an edit that a person makes counts for something.
_HEARS_PEOPLE = (DirectionKind.TWO_WAY, DirectionKind.FROM)
#: Reasons of which people, or the rule, ask who spoke last.
_CONTESTED = CONFLICTS - {Why.FLIP_FLOP} | {Why.NEWEST}

#: Code of what is held because another record carries the mark of the account.
MARKED = "marked_elsewhere"

#: No value that could have been written.
_NEVER = object()


def plan_accounts(accounts: Iterable[Account], context: Context) -> Draft:
    """Decide every account; the result is unordered."""
    draft = Draft()
    rules = {name: rule_text(spec) for name, spec in context.fields.items()}
    for account in accounts:
        _Case(account, context, draft, rules).plan()
    return draft


class _Case:
    """One account on the desk."""

    def __init__(self, account: Account, context: Context, draft: Draft, rules: Mapping[str, str]) -> None:
        self.account = account
        self.link = account.link
        self.context = context
        self.draft = draft
        self.rules = rules
        self.missing = self._missing()

    def plan(self) -> None:
        for system in self.missing:
            self.draft.creates.append(
                Create(
                    link_id=self.link.id,
                    label=self.link.label,
                    system=system,
                    name=self.link.label,
                    domain=self.link.domain,
                )
            )
        pushed = self.context.pushed(self.link.id)
        for spec in self.context.fields.values():
            if self._is_quiet(spec.name) and spec.name not in pushed:
                continue
            sides = self._sides(spec.name)
            if sides:
                self._plan_field(spec, sides, pushed)
        if self.context.marks:
            self._mark()

    def _missing(self) -> tuple[str, ...]:
        """Systems that lack this account and get it. Without a domain nothing tells a duplicate from a new
        account, so such an account is not created anywhere."""
        if self.link.domain is None or not self.context.may_create(self.account):
            return ()
        lacking = [system for system in sorted(self.context.creates_in) if system not in self.account.records]
        for system in lacking:
            marked = self.context.marked.get((self.link.id, system))
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

    def _is_quiet(self, name: str) -> bool:
        """Did nothing leave Observed? Then ``decide`` would say so; most fields of most accounts are asked no more."""
        return not self.missing and all(
            name in record.observed
            and record.current.get(name) == record.observed[name]
            and name not in record.unreadable
            and name not in record.covered
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
        covered = {s: r.covered[name] for s, r in self.account.records.items() if name in r.covered}
        if covered:
            edits = {system: self._edited(system, name) for system in covered}
            sides = _as_if_seen_in_time(sides, covered, edits)
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
        edited = self.context.edited(record, name)
        return Side(
            current=current,
            observed=observed,
            settled=settled,
            carried=written == current and not (settled and observed == current),
            edited_at=edited.at,
            or_earlier=edited.or_earlier,
            evidence=edited.evidence,
            shows=partial(spelling.shows, name),
        )

    def _was_put_back(self, record: Record, name: str) -> bool:
        """Does a value stand there that somebody took away and put back before anything was ever agreed on? It is
        where it was, and so is the question about it."""
        return (
            name not in self.link.base
            and self.context.fields[name].rule.direction.kind is DirectionKind.TWO_WAY
            and record.current[name] is not None
            and record.current[name] == record.observed[name]
            and name not in record.echo
        )

    def _edited(self, system: str, name: str) -> Edited:
        """What is known of the edit that counts: one that our write covered, or the one that stands there."""
        record = self.account.records.get(system)
        if record is None:
            return Edited(at=None)
        edited = self.context.edited(record, name)
        covered = record.covered.get(name)
        if covered is None or edited.evidence is Evidence.FIELD_HISTORY:
            return edited
        return Edited(at=covered.at, by=covered.by)

    def _plan_field(
        self, spec: CanonicalField, sides: Mapping[str, Side], pushed: Mapping[str, Value]
    ) -> None:
        name, base = spec.name, dict(self.link.base)
        covered = [record.covered[name] for record in self.account.records.values() if name in record.covered]
        if covered:
            base[name] = covered[0].instead_of
        decision = decide(
            spec,
            sides,
            base=base.get(name),
            has_base=name in base,
            pushed=pushed.get(name),
            has_pushed=name in pushed,
            verdict=self.context.verdicts.get((self.link.id, name)),
            parked=(self.link.id, name) in self.context.parked,
        )
        if covered and decision.why is Why.QUIET and spec.rule.direction.kind in _HEARS_PEOPLE:
            # The edit put back what was settled; what our write left on top of it is nobody's word.
            edited_in = (each for each, record in self.account.records.items() if name in record.covered)
            decision = replace(decision, why=Why.EDITED, led_by=tuple(sorted(edited_in)))
        if decision.why in _CONTESTED:
            self.draft.contested.append((self.link.id, name))
        if decision.is_conflict:
            self.draft.conflicts.append(self._conflict(spec, sides, decision))
            return
        if decision.why is Why.PUSHED:
            decision = self._not_put_back(name, decision)
        decided = covered and decision.why is not Why.QUIET
        writes = self._really_lacking(name, decision) if decided else decision.writes
        for system in writes:
            self._write(spec, sides[system], decision, system)
        self._agree(name, sides, decision, writes)

    def _really_lacking(self, name: str, decision: Decision) -> tuple[str, ...]:
        """The Systems to write. Where an edit was covered, the decision is about that edit; what stands there is what
        covered it."""
        found = list(decision.writes)
        for system, record in self.account.records.items():
            if name in record.covered:
                shown = self.context.spellings[system].shows(name, decision.value)
                stands = record.current[name] in (decision.value, shown)
                found = [other for other in found if other != system] + ([] if stands else [system])
        return tuple(found)

    def _not_put_back(self, name: str, decision: Decision) -> Decision:
        """Without the Systems in which another writer replaces this value each time that Tandem gives it."""
        value, put_back = decision.value, self.context.put_back
        fought = [system for system in decision.writes if (self.link.id, system, name, value) in put_back]
        for system in fought:
            self._hold(
                system,
                name,
                code="flip_flop",
                message=f"something in {system} replaces {value} each time; left alone until there is another score",
                remedy=f"Find what else writes the field in {system} (tandem explain, tandem doctor) and end it.",
            )
        return replace(
            decision,
            writes=tuple(system for system in decision.writes if system not in fought),
            overruled={system: edit for system, edit in decision.overruled.items() if system not in fought},
        )

    def _write(self, spec: CanonicalField, side: Side, decision: Decision, system: str) -> None:
        """Add the Change, or hold the field where the System cannot take the value.

        A field that is held is not settled: its Agreement waits for a confirmation that does not come.
        """
        name = spec.name
        reason = self.context.spellings[system].unwritable(name, decision.value)
        if reason is not None:
            remedy = f"Change the value, or what {system} accepts, and it goes with the next Run."
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

    def _agree(
        self, name: str, sides: Mapping[str, Side], decision: Decision, writes: tuple[str, ...]
    ) -> None:
        settled = settle(decision, sides)
        if settled is None or (not writes and self._stands(name, settled)):
            return
        self.draft.agreements.append(
            Agreement(
                link_id=self.link.id,
                field=name,
                base=settled.base,
                has_base=settled.has_base,
                observed=settled.observed,
                after=writes,
                why=decision.why,
                led_by=decision.led_by,
                overruled=decision.overruled,
            )
        )

    def _stands(self, name: str, settled: Settled) -> bool:
        """Does the ledger hold all of it already?"""
        base, records = self.link.base, self.account.records
        return (not settled.has_base or (name in base and base[name] == settled.base)) and all(
            system in records
            and name in records[system].observed
            and records[system].observed[name] == value
            and name not in records[system].covered
            for system, value in settled.observed.items()
        )

    def _hold(self, system: str, name: str, *, code: str, message: str, remedy: str) -> None:
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

    def _conflict(self, spec: CanonicalField, sides: Mapping[str, Side], decision: Decision) -> Conflict:
        base, has_base = self.link.base.get(spec.name), spec.name in self.link.base
        seen: dict[str, Seen] = {}
        for system, side in sides.items():
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
            has_base=has_base,
            sides=seen,
            proposals=proposals(spec, sides, base=base, has_base=has_base),
        )


def _as_if_seen_in_time(
    sides: Mapping[str, Side], covered: Mapping[str, Covered], edits: Mapping[str, Edited]
) -> dict[str, Side]:
    """The sides as they would have stood, had the edit that our write covered been seen before it: the edit on its
    side, what the write carried on the others, and what both replaced beneath."""
    before = next(iter(covered.values())).instead_of
    return {
        name: replace(
            side,
            current=covered[name].value if name in covered else side.current,
            observed=side.shows(before),
            settled=True,
            carried=False,
            edited_at=edits[name].at if name in edits else side.edited_at,
            or_earlier=edits[name].or_earlier if name in edits else side.or_earlier,
            evidence=edits[name].evidence if name in edits else side.evidence,
        )
        for name, side in sides.items()
    }


def rule_text(spec: CanonicalField) -> str:
    """A field's rule as it is written in the mapping."""
    rule = spec.rule
    parts = [str(rule.direction)]
    if rule.direction.kind is DirectionKind.TWO_WAY:
        parts.append(f"on_conflict {rule.on_conflict}")
    if rule.fill_blank:
        parts.append("fill_blank")
    return ", ".join(parts)
