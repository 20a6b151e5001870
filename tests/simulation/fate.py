"""What became of each edit: the one question of the judge that takes more than a look at the end.

An edit can only be lost where Tandem wrote over it, or where it was never carried. The second shows at the end: the
CRMs differ, and nobody says why. For the first, each value that a request of Tandem's changed is in the diary as the
CRM itself showed it, so the question is asked of that very write: who had entered what it brought, and was that to
prevail over the edit, by somebody's word, by having been entered upon it, or by the rule of the field? Where it was
not, the edit must be found out and come back: stand there again, or in a Conflict, or be settled by a person.

docs/contribute/races.md says what a person can lose all the same.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from tests.simulation.book import Book
from tests.simulation.crms import is_salesforce
from tests.simulation.diary import Diary, Edit, Landed, Place, Ran, Restored
from tests.simulation.fields import FIELDS, STAGES, Value, alike

_Event = Edit | Landed

#: A CRM's stamp may be cut to whole seconds.
_GRAIN = timedelta(seconds=1)

#: The System that leads where a rule names one.
_LEADER = "salesforce"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Way:
    """How people went from a value to another and back."""

    #: What lay between.
    passed: list[Value]
    began: int
    #: What had happened before, if anything.
    stood: _Event | None


class Past:
    """What stood where and when, out of a diary."""

    def __init__(self, book: Book, diary: Diary) -> None:
        self._book = book
        self._diary = diary
        self._events: dict[tuple[str, str, str], list[_Event]] = defaultdict(list)
        listed: list[_Event] = [*diary.edits, *diary.landed]
        for event in sorted(listed, key=lambda each: each.moment):
            self._events[event.system, event.record, event.field].append(event)
        #: Link -> all records that ever belonged to it, under the names that they had and have now.
        self._members = {
            link: members | {(system, self.survivor(system, record)) for system, record in members}
            for link, members in book.members.items()
        }

    # -- where things stand ------------------------------------------------------------------------------------

    def survivor(self, system: str, record: str) -> str:
        """The record under which it can be opened now."""
        while (system, record) in self._diary.merged:
            record = self._diary.merged[system, record]
        return record

    def value_at(self, system: str, record: str, name: str, moment: int) -> Value:
        """What stood in a field then."""
        events = [each for each in self._events[system, record, name] if each.moment <= moment]
        if events:
            return events[-1].value if isinstance(events[-1], Edit) else events[-1].after
        return self._diary.met.get((system, record), {}).get(name)

    def word_in(self, system: str, record: str, name: str, moment: int) -> Edit | None:
        """The edit that stood in a field then; None where Tandem wrote last, perhaps over somebody's word."""
        events = [each for each in self._events[system, record, name] if each.moment <= moment]
        return events[-1] if events and isinstance(events[-1], Edit) else None

    def as_undone(self, members: Mapping[str, str], name: str) -> bool:
        """Do the records differ as the undo of a Run left them? It agrees with nobody, on purpose
        (docs/guides/undo.md). The first edit after it travels as ever, so nobody may have moved since it began: where
        somebody went there and back, nobody has."""
        undone = [(place, each) for place in members.items() for each in self._put_back(*place, name)]
        if not undone:
            return False
        last = max(each.run for _, each in undone)
        began = self._diary.runs[last].began
        put_back = {place: each.value for place, each in undone if each.run == last}
        now = self._diary.moment
        return all(
            self._is_no_news(*place, name)
            or (
                alike(put_back[place], self.value_at(*place, name, now))
                if place in put_back
                else self._has_rested(place, members, name, began)
            )
            for place in members.items()
        )

    def _has_rested(self, place: Place, members: Mapping[str, str], name: str, began: int) -> bool:
        """Has nobody touched it since then, and had a Run settled what stood there?"""
        word = self.word_in(*place, name, began)
        return alike(
            self.value_at(*place, name, began), self.value_at(*place, name, self._diary.moment)
        ) and (word is None or self._is_at_rest(members, word, began))

    def _is_at_rest(self, members: Mapping[str, str], edit: Edit, before: int) -> bool:
        """Had the account come to rest with this edit by then?"""
        return (
            self._was_settled(edit, before)
            or self._had_agreed(members, edit, before)
            or self._was_kept_as_it_was(members, edit, before)
        )

    def _was_kept_as_it_was(self, members: Mapping[str, str], edit: Edit, before: int) -> bool:
        """A merge kept what the account's own record had held, at rest: that is no news to the account."""
        own = {
            place
            for link, there in self._members.items()
            if members.items() <= there
            for place in self._book.members[link]
        }
        stood = {was: self._diary.gone[was] for was in self._merged_into(edit.system, edit.record)}
        if (edit.system, edit.record) in self._diary.created.keys() | self._diary.made.keys():
            stood[edit.system, edit.record] = edit.moment - 1  # Else the merge itself made it.
        for (system, record), ended in stood.items():
            if not edit.kept or (system, record) not in own:
                continue
            word = self.word_in(system, record, edit.field, ended)
            if alike(self.value_at(system, record, edit.field, ended), edit.value) and (
                word is None or self._is_at_rest({**members, system: record}, word, before)
            ):
                return True
        return False

    def _had_agreed(self, members: Mapping[str, str], edit: Edit, before: int) -> bool:
        """Did all of them hold its value by then, and does the ledger say that they agreed on it last? Who had entered
        it where is settled, and an undo takes it back from one of them on purpose."""
        agreed = any(
            alike(self._book.bases[link].get(edit.field), edit.value)
            for link in self._book.links
            if members.items() <= self._members[link]
        )
        moments = [
            event.moment
            for place in members.items()
            for event in self._events[*place, edit.field]
            if edit.moment <= event.moment < before
        ]
        return agreed and any(
            all(alike(self.value_at(*place, edit.field, moment), edit.value) for place in members.items())
            for moment in moments
        )

    def _is_no_news(self, system: str, record: str, name: str) -> bool:
        """Is what stands there no edit to any Run? Somebody went there and back from what was settled, or back from
        what Tandem is not known to have written."""
        last = self.word_in(system, record, name, self._diary.moment)
        if last is None:
            return False
        way = self._way_back(last)
        if way is None:
            return self._keeps_no_history(system, name) and self._seems_not_to_have_landed(last)
        settled = not isinstance(way.stood, Edit) or self._was_settled(way.stood, way.began)
        return settled and not self._reached_others(last, way.passed, way.began, self._diary.moment)

    def _was_settled(self, edit: Edit, before: int) -> bool:
        """Had a Run read it by then, or carried it to others ever?"""
        return self._run_between(edit.moment, before) or self._reached_others(
            edit, [edit.value], edit.moment, self._diary.moment
        )

    def undone_since(self, system: str, record: str, name: str, moment: int) -> bool:
        """Did the undo of a Run put something back there after this moment?"""
        return any(
            (self._diary.runs[each.run].ended or self._diary.runs[each.run].began) > moment
            for each in self._put_back(system, record, name)
        )

    def _put_back(self, system: str, record: str, name: str) -> Iterator[Restored]:
        """What undos put back in one field: as the CRM showed it, or as they said, where it stood there in the end.
        What a CRM refused was not put back: what an undo before that one left stands as it was. A merge takes along
        what stood in the records that it ends, and why."""
        for was in (record, *(of for _, of in self._merged_into(system, record))):
            for landed in self._landed(system, was, name):
                if landed.undo:
                    yield Restored(run=landed.run, system=system, record=was, field=name, value=landed.after)
            for each in self._diary.restored:
                ended = self._diary.runs[each.run].ended
                if (each.system, each.record, each.field) == (system, was, name) and (
                    ended is None or alike(self.value_at(system, was, name, ended), each.value)
                ):
                    yield each

    def _merged_into(self, system: str, record: str) -> list[Place]:
        """The records that can be opened only under this one now."""
        return [
            (of, was) for of, was in self._diary.merged if of == system and self.survivor(of, was) == record
        ]

    # -- what became of an edit --------------------------------------------------------------------------------

    def lost(self, edit: Edit) -> str | None:
        """Who wrote over an edit that nobody knows of any more; None where it has its place."""
        covered = self._covering(edit)
        if covered is None or self._is_asked_about(edit):
            return None
        told = self._found_out(edit)
        if told and not any(link in self._book.links for link in self._links_of(edit)):
            # The timeline tells of it, and its account ended before it could be decided: nothing is written there.
            return None
        gone = self._diary.gone.get((edit.system, edit.record))
        if gone is not None and (told or not self._should_be_known(covered, gone)):
            return None
        return f"Run {covered.run} wrote {covered.after!r} over it"

    def _covering(self, edit: Edit) -> Landed | None:
        """The write that covered an edit, should it be for no good reason, and should nobody have settled it since."""
        covered: Landed | None = None
        for event in self._after(edit):
            if isinstance(event, Edit):
                # Whoever edits on top of our write has seen it, and settles what it covered
                # (docs/contribute/races.md): until a Run has had the time to find out, or where it has told of it.
                settled = (
                    covered is None
                    or alike(event.value, edit.value)
                    or self._found_out(edit)
                    or not self._should_be_known(covered, event.moment)
                )
                return None if settled else covered
            if alike(event.after, edit.value):
                covered = None
            elif self._may_cover(edit, event):
                return None
            elif covered is None:
                covered = event
        return covered

    def _after(self, edit: Edit) -> Iterator[_Event]:
        for event in self._events[edit.system, edit.record, edit.field]:
            if event.moment > edit.moment:
                yield event

    def _should_be_known(self, covered: Landed, moment: int) -> bool:
        """Had a whole Run the time to find out by then?"""
        run = self._next_run(covered)
        return run is not None and (run.ended or moment) < moment

    def _next_run(self, landed: Landed) -> Ran | None:
        """The first one that began after a write, and ended well."""
        return next(
            (run for run in self._diary.runs if run.began > landed.moment and run.well and not run.undo), None
        )

    def _is_asked_about(self, edit: Edit) -> bool:
        """Its System's side of a Conflict, open or decided, is this value."""
        place = edit.system, self.survivor(edit.system, edit.record)
        links = self._links_of(edit)
        return any(
            link in links
            and name == edit.field
            and edit.system in sides
            and alike(sides[edit.system], edit.value)
            for (link, name), sides in self._book.conflicts.items()
        ) or any(
            decided.moment > edit.moment
            and decided.field == edit.field
            and edit.system in decided.seen
            and alike(decided.seen[edit.system], edit.value)
            and self.survivor(edit.system, decided.members.get(edit.system, "")) == place[1]
            for decided in self._diary.decided
        )

    def _found_out(self, edit: Edit) -> bool:
        """The ledger tells that this value was written over and brought back to be decided."""
        return any(
            alike(value, edit.value)
            for link in self._links_of(edit)
            for value in self._book.covered.get((link, edit.field), ())
        )

    # -- what a write may cover --------------------------------------------------------------------------------

    def _may_cover(self, edit: Edit, landed: Landed) -> bool:
        if landed.undo:
            return (
                self._seemed_untouched(edit)
                # Once it was found out, the rule decides of it as of any other.
                or (self._found_out(edit) and self._rule_allows(edit, landed) and self._is_told(edit))
                or self._was_kept_of_ours(edit)
                or self._could_not_be_seen(edit, landed)
            )
        return (
            self._was_entered_upon(edit, landed)
            or self._answer_was_overruled(edit, landed)
            or self._was_decided(edit, landed)
            or (self._rule_allows(edit, landed) and self._is_told(edit))
            or self._was_a_blank_before_they_met(edit)
            or self._was_taken_back(edit, landed)
            or self._was_kept_of_ours(edit)
            or self._could_not_be_seen(edit, landed)
        )

    def _was_entered_upon(self, edit: Edit, landed: Landed) -> bool:
        """What was written was entered elsewhere by somebody who saw the edit there, or saw what had replaced it."""
        return any(alike(later.value, landed.after) for later in self._entered_upon(edit, landed.moment))

    def _answer_was_overruled(self, edit: Edit, landed: Landed) -> bool:
        """What was written prevails, by the field's rule, over what somebody had put in the place of the edit where
        Tandem had carried it: an edit that is answered speaks no more, and its answer is an edit like any other."""
        return self._is_told(edit) and any(
            self._had_brought(edit, later) and self._rule_allows(later, landed)
            for later in self._entered_upon(edit, landed.moment)
        )

    def _entered_upon(self, edit: Edit, until: int) -> Iterator[Edit]:
        """What people entered elsewhere by then, having seen the edit, or what had replaced it."""
        values: list[Value] = [edit.value]
        since = self._made_before(edit)
        for later in self._others(edit, anywhere=True):
            if later.moment > until:
                break
            if (later.moment > since or edit.kept) and any(
                alike(seen, value) for seen in self._seen_by(later) for value in values
            ):
                yield later
                values.append(later.value)

    def _had_brought(self, edit: Edit, later: Edit) -> bool:
        """Was it Tandem that had put the value of the edit where somebody replaced it?"""
        before = self._before(later)
        last = before[-1] if before else None
        if last is None:
            made = self._diary.made.get((later.system, later.record))
            met = self._diary.met.get((later.system, later.record), {}).get(later.field)
            return made is not None and edit.moment < made < later.moment and alike(met, edit.value)
        return (
            isinstance(last, Landed)
            and not last.undo
            and last.moment > edit.moment
            and alike(last.after, edit.value)
        )

    def _made_before(self, edit: Edit) -> int:
        """When the same edit was made first, where it was on its way here: whoever replaced it there has seen it. It
        had not been here before."""
        stood = [self._diary.met.get((edit.system, edit.record), {}).get(edit.field)]
        stood += [
            event.value if isinstance(event, Edit) else event.after
            for event in self._events[edit.system, edit.record, edit.field]
            if event.moment < edit.moment
        ]
        same = [
            other.moment
            for other in self._others(edit)
            if other.moment < edit.moment and alike(other.value, edit.value)
        ]
        return edit.moment if _among(edit.value, stood) else min(same, default=edit.moment)

    def _seen_by(self, edit: Edit) -> Iterator[Value]:
        """What stood where somebody edited, and what stood there before an undo put something back: the administrator
        who took the Run back had seen it. Whoever merges records sees what stood in each of them."""
        yield from edit.before
        for was in (edit.record, *(of for _, of in self._merged_into(edit.system, edit.record))):
            for landed in self._landed(edit.system, was, edit.field):
                if landed.undo and landed.moment < edit.moment and _among(landed.after, edit.before):
                    yield landed.before

    def _was_decided(self, edit: Edit, landed: Landed) -> bool:
        return any(
            (edit.moment < decided.moment or edit.kept)
            and decided.moment < landed.moment
            and decided.field == edit.field
            and alike(decided.value, landed.after)
            and edit.system in decided.seen
            and alike(decided.seen[edit.system], edit.value)
            for decided in self._diary.decided
        )

    def _is_told(self, edit: Edit) -> bool:
        """The ledger keeps the value that was overruled."""
        return any(
            alike(value, edit.value) and (at + _GRAIN > edit.at or edit.kept)
            for key in (*self._links_of(edit), edit.record)
            for value, at in self._book.replaced.get((key, edit.system, edit.field), ())
        )

    def _rule_allows(self, edit: Edit, landed: Landed) -> bool:
        """The field's rule puts this edit behind what was written, by whom that was entered and when."""
        rule = FIELDS[edit.field].rule
        if rule == "push":
            return any(
                moment < landed.moment and alike(score, landed.after)
                for moment, _, score in self._diary.computed
            )
        # What was found out after it had been covered was decided then.
        until = self._next_run(landed) if self._found_out(edit) else None
        last, at = landed.moment, landed.at
        if until is not None and until.ended is not None and until.at_end is not None:
            last, at = until.ended, until.at_end
        rivals = self._rivals(edit, landed, last)
        led = edit.system != _LEADER and any(other.system == _LEADER for other in rivals)
        if rule == "leads":
            # A blank of the leader gives way: it may be filled from the other side.
            # So does a blank elsewhere, as long as the leader's own is one: no blank stands against a value.
            gives_way = (
                edit.value is None
                and bool(rivals)
                and (edit.system == _LEADER or _among(None, self._held_by_leader(edit, landed, last)))
            )
            return led or gives_way or self._led_by_what_stood(edit, landed, last)
        allowed = {
            "salesforce": led
            or self._was_decided_for_the_leader(edit, landed)
            or self._was_respelled_by_the_leader(edit, landed, last),
            "furthest": rule == "furthest" and bool(rivals) and _rank(landed.after) >= _rank(edit.value),
            "newest": any(self._seems_newer(other, edit, at) for other in rivals),
        }
        return allowed.get(rule, False)

    def _was_decided_for_the_leader(self, edit: Edit, landed: Landed) -> bool:
        """A person had decided that the leader's side stands, and whoever made the edit had not seen it come."""
        members = {(edit.system, edit.record), *self._kin(edit)}
        return edit.system != _LEADER and any(
            decided.field == edit.field
            and decided.moment < landed.moment
            and _LEADER in decided.seen
            and alike(decided.seen[_LEADER], decided.value)
            and alike(decided.value, landed.after)
            and not _among(decided.value, edit.before)
            and members.issuperset(decided.members.items())
            for decided in self._diary.decided
        )

    def _was_respelled_by_the_leader(self, edit: Edit, landed: Landed, last: int) -> bool:
        """Did a trigger of the leader put another spelling there, of a field that Tandem was not writing? Nobody can
        tell that from an edit; what a CRM makes of what Tandem writes is another matter, and no news."""
        return edit.system != _LEADER and any(
            each.field == edit.field
            and (each.system, self.survivor(each.system, each.record)) in self._kin(edit)
            and each.system == _LEADER
            and each.moment < last
            and each.after == landed.after
            for each in self._diary.respelled
        )

    def _rivals(self, edit: Edit, landed: Landed, last: int) -> list[Edit]:
        """Who entered what was written, and was not seen by whoever made the edit: else that edit answers it. At a
        first meeting nobody has seen the other side, though it may have been the same."""
        met = self._had_met(edit)
        return [
            other
            for other in self._others(edit)
            if other.moment < last
            and alike(other.value, landed.after)
            and not self._was_replaced(other, self._diary.runs[landed.run].began)
            and (other.moment > edit.moment or edit.kept or not met or not self._answers(edit, other))
        ]

    def _was_replaced(self, other: Edit, moment: int) -> bool:
        """Had somebody put something else in its place when the Run began to read?"""
        return any(
            isinstance(event, Edit) and other.moment < event.moment < moment
            for event in self._events[other.system, other.record, other.field]
        )

    def _answers(self, edit: Edit, other: Edit) -> bool:
        """Did whoever made the edit replace the very value of the other one, as it had come from there? That somebody
        had entered the same here is another matter, until a Run has seen that they agree."""
        if not _among(other.value, edit.before):
            return False
        before = self._before(edit)
        last = before[-1] if before else None
        if isinstance(last, Landed) and (last.undo or last.moment < other.moment):
            return False  # What stood here had come before the other one was entered, or an undo put it back.
        if isinstance(last, Landed) and self._landed_unseen(last, edit.moment):
            return False
        return not isinstance(last, Edit) or self._run_between(max(last.moment, other.moment), edit.moment)

    def _landed_unseen(self, landed: Landed, until: int) -> bool:
        """Could nobody tell by then that it had landed? No answer came, the field keeps no history, and the record was
        not read as long as it stood there (docs/contribute/races.md, "What proves that a write landed")."""
        return (
            self._keeps_no_history(landed.system, landed.field)
            and not landed.clear
            and not self._run_between(landed.moment, until)
            and not any(
                landed.moment < moment < until
                for moment in self._diary.named.get((landed.system, landed.record), ())
            )
        )

    def _led_by_what_stood(self, edit: Edit, landed: Landed, last: int) -> bool:
        """Did the leader hold it, whoever entered it, while the Run that decided went on?"""
        return edit.system != _LEADER and _among(landed.after, self._held_by_leader(edit, landed, last))

    def _held_by_leader(self, edit: Edit, landed: Landed, last: int) -> list[Value]:
        """What stood in the leader while the Run that decided went on."""
        began = self._diary.runs[landed.run].began
        held: list[Value] = []
        for system, record in self._kin(edit):
            if system == _LEADER:
                held.append(self.value_at(system, record, edit.field, began))
                held += [
                    event.value if isinstance(event, Edit) else event.after
                    for event in self._events[system, record, edit.field]
                    if began <= event.moment <= last
                ]
        return held

    def _seems_newer(self, other: Edit, edit: Edit, until: datetime) -> bool:
        # A merge that keeps a value leaves it as old as it was.
        if edit.kept or other.kept or other.at > edit.at - _GRAIN:
            return True
        # Salesforce without a history tells when somebody saved the record last, whatever was edited then.
        return self._keeps_no_history(other.system, other.field) and any(
            edit.at - _GRAIN < at < until
            for at in self._diary.saves.get((other.system, self.survivor(other.system, other.record)), ())
        )

    def _was_a_blank_before_they_met(self, edit: Edit) -> bool:
        """A blank of an account that the CRMs had never agreed about is filled from the other side."""
        if edit.value is not None and (edit.field, edit.value) != ("target_account", "false"):
            return False
        return not self._had_met(edit)

    def _had_met(self, edit: Edit) -> bool:
        """Had the CRMs had the time to agree about this account, when it was edited? A record that Tandem made agrees
        from the beginning; one that came back out of the bin meets anew."""
        place = edit.system, edit.record
        kin = self._kin(edit)
        if place in self._diary.undeleted or not kin.isdisjoint(self._diary.undeleted):
            return False
        made = self._diary.made
        if any(made[each] < edit.moment for each in {place, *kin} & made.keys()):
            return True
        return any(
            moment <= edit.moment
            and place in there
            and any(self._were_linked(place, other, at) for other in kin & there)
            for moment, at, there in self._diary.settled
        )

    def _were_linked(self, one: Place, other: Place, at: datetime) -> bool:
        """Had a Run made them one account by then? One that left a record alone, because it had just been saved, has
        acquainted it with nobody. Of what a merge left nothing is told: it is as well known as those that it ended."""
        return any(
            {one, other} <= members
            and all(self._book.linked.get((link, place), at) <= at for place in (one, other))
            for link, members in self._members.items()
        )

    def _was_taken_back(self, edit: Edit, landed: Landed) -> bool:
        """People went from a value to another and back, and nobody else got that other one: there, nobody moved."""
        way = self._way_back(edit)
        if way is None or self._reached_others(edit, way.passed, way.began, landed.moment):
            return False
        if isinstance(way.stood, Edit) and not self._run_between(way.stood.moment, way.began):
            # What they went back to was itself an edit that no Run had settled.
            return self._may_cover(way.stood, landed)
        return True

    def _way_back(self, edit: Edit) -> _Way | None:
        """From where people came back with this edit; None where they had not been there, or where Tandem wrote in
        between."""
        before = self._before(edit)
        passed: list[Value] = []
        for n in range(len(before) - 1, -1, -1):
            event = before[n]
            if not isinstance(event, Edit):
                return None
            passed.append(event.value)
            if _among(edit.value, event.before):
                return _Way(passed=passed, began=event.moment, stood=before[n - 1] if n else None)
        return None

    def _reached_others(self, edit: Edit, values: list[Value], start: int, end: int) -> bool:
        """Were these values of one field carried to another System in between? What did not stand here when that Run
        began, and somebody else had entered elsewhere, came from there; and an undo carries nothing."""
        place = edit.system, edit.record, edit.field
        theirs = [other for other in self._others(edit) if not self._run_between(other.moment, start)]
        return any(
            start < event.moment < end
            and not event.undo
            and _among(event.after, values)
            and (
                alike(self.value_at(*place, self._diary.runs[event.run].began), event.after)
                or not any(
                    other.moment < event.moment and alike(other.value, event.after) for other in theirs
                )
            )
            for system, record in self._kin(edit)
            for event in self._landed(system, record, edit.field)
        )

    def _was_kept_of_ours(self, edit: Edit) -> bool:
        """A merge kept what Tandem had carried there, and nobody had entered in this CRM: no news to anybody."""
        own = self.survivor(edit.system, edit.record)
        return edit.kept and not any(
            not other.kept
            and (other.system, other.field) == (edit.system, edit.field)
            and alike(other.value, edit.value)
            and self.survivor(other.system, other.record) == own
            for other in self._diary.edits
        )

    def _run_between(self, start: int, end: int) -> bool:
        return any(
            run.well and run.began > start and run.ended is not None and run.ended < end
            for run in self._diary.runs
        )

    def _could_not_be_seen(self, edit: Edit, landed: Landed) -> bool:
        """What docs/contribute/races.md leaves: in a field of Salesforce whose history is not tracked, by a write whose
        answer never arrived, or by a Bulk API job."""
        if not self._keeps_no_history(edit.system, edit.field):
            return False
        return landed.bulk or not landed.clear or self._seems_not_to_have_landed(edit)

    def _seems_not_to_have_landed(self, edit: Edit) -> bool:
        """The edit goes back to what a Run meant to replace, after a try that had landed without an answer."""
        before = self._before(edit)
        first = before[-1] if before else None
        return isinstance(first, Landed) and not first.clear and alike(first.before, edit.value)

    def _seemed_untouched(self, edit: Edit) -> bool:
        """An undo puts back what a Run overwrote where that still stands. Somebody who changed it and changed it back
        goes unnoticed only where the CRM keeps no history and no Run came by."""
        if not self._keeps_no_history(edit.system, edit.field):
            return False
        for event in reversed(self._events[edit.system, edit.record, edit.field]):
            if event.moment >= edit.moment:
                continue
            if isinstance(event, Landed):
                return alike(event.after, edit.value) and not self._run_between(event.moment, edit.moment)
        return False

    # -- details -----------------------------------------------------------------------------------------------

    def _keeps_no_history(self, system: str, name: str) -> bool:
        return is_salesforce(system) and (system, name) not in self._diary.tracked

    def _before(self, edit: Edit) -> list[_Event]:
        events = self._events[edit.system, edit.record, edit.field]
        return [event for event in events if event.moment < edit.moment]

    def _landed(self, system: str, record: str, name: str) -> list[Landed]:
        return [each for each in self._events[system, record, name] if isinstance(each, Landed)]

    def _others(self, edit: Edit, *, anywhere: bool = False) -> list[Edit]:
        """Edits of the same field of the same account in other Systems, or ``anywhere``, in order."""
        kin = self._kin(edit)
        own = edit.system, self.survivor(edit.system, edit.record)
        return [
            other
            for other in self._diary.edits
            if other.field == edit.field
            and other is not edit
            and (
                (place := (other.system, self.survivor(other.system, other.record))) in kin
                or (anywhere and place == own)
            )
        ]

    def _kin(self, edit: Edit) -> set[Place]:
        """The records in other Systems that ever were one account with the edited one."""
        links = self._links_of(edit)
        return {place for link in links for place in self._members[link] if place[0] != edit.system}

    def _links_of(self, edit: Edit) -> list[str]:
        place = edit.system, self.survivor(edit.system, edit.record)
        return [link for link, members in self._members.items() if place in members]


def _among(value: Value, others: Iterable[Value]) -> bool:
    return any(alike(value, other) for other in others)


def _rank(value: Value) -> int:
    return -1 if value is None else STAGES.index(value)
