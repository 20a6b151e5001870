"""What becomes of Base and Observed as the writes of a Plan are confirmed, one call after another.

Each confirmation settles at once what it allows, in the transaction that stores it: a Run that dies then leaves the
same as one that a System refused from there on, and the next Run knows what is on its way and what somebody edited
since.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping

from sync.core.plan import Agreement, Create
from sync.model.journal import Event, Settlement
from sync.model.records import LinkId, LinkSide, SystemName, Value

#: By canonical field, the value that a record holds now that its write was confirmed.
ConfirmedValues = Mapping[LinkSide, Mapping[str, Value]]
#: Fields in which a write turned out to have covered somebody's edit.
CoveredFields = Mapping[LinkSide, Collection[str]]


class Settling:
    """The decisions of one Plan, on their way into Base and Observed."""

    def __init__(self, agreements: Iterable[Agreement], creates: Iterable[Create] = ()) -> None:
        self._made = {create.side for create in creates}
        self._by_link: dict[str, list[Agreement]] = defaultdict(list)
        self._at_once: list[Agreement] = []
        for agreement in agreements:
            of_made = any((agreement.link_id, system) in self._made for system in agreement.observed)
            if agreement.after or of_made:
                self._by_link[agreement.link_id].append(agreement)
            else:
                self._at_once.append(agreement)

    def at_once(self) -> list[Settlement]:
        """What is settled without a write."""
        return _settlements(self._at_once, {}, {})

    def at_last(self) -> list[Settlement]:
        """What needed no write either, but spoke of a record that was to be created."""
        # What waits for a write settles nothing by itself.
        return _settlements((each for waiting in self._by_link.values() for each in waiting), {}, {})

    def confirmed(
        self, system: SystemName, link_ids: Iterable[str], values: ConfirmedValues, covered: CoveredFields
    ) -> list[Settlement]:
        """What is settled now that rows of these Links were confirmed in ``system``; ``values`` holds them, and
        what other Systems have confirmed before."""
        listed = (agreement for link_id in link_ids for agreement in self._by_link.get(link_id, ()))
        return _settlements((each for each in listed if self._due(each, system, values)), values, covered)

    def _due(self, agreement: Agreement, system: SystemName, values: ConfirmedValues) -> bool:
        """Does what ``system`` has confirmed settle anything of this?"""
        if agreement.after:
            return system in agreement.after
        keys = {(agreement.link_id, name) for name in agreement.observed} & self._made
        return (agreement.link_id, system) in keys and keys <= values.keys()

    def overruled_at_once(self, run_id: str) -> list[Event]:
        """An event for each edit that the rule put aside without a write: what covered it stands there already."""
        return [
            _overruled(each, SystemName(system), run_id)
            for each in self._at_once
            for system in each.overruled
        ]

    def overruled(
        self, system: SystemName, wrote: Mapping[LinkId, Mapping[str, Value]], run_id: str
    ) -> Iterator[Event]:
        """The same for each edit that was put aside by what ``system`` has confirmed. ``wrote``: Link -> what its row
        wrote."""
        for link_id, values in wrote.items():
            for agreement in self._by_link.get(link_id, ()):
                if agreement.field not in values or system not in agreement.after:
                    continue
                for name in agreement.overruled:
                    if name == system or (name not in agreement.after and system == agreement.after[0]):
                        yield _overruled(agreement, SystemName(name), run_id)


def _overruled(agreement: Agreement, system: SystemName, run_id: str) -> Event:
    return Event(
        kind="overruled",
        link_id=agreement.link_id,
        system=system,
        field=agreement.field,
        run_id=run_id,
        old=agreement.overruled[system],
        new=agreement.base.value if agreement.base else None,
        rule=agreement.why.value,
    )


def _settlements(
    agreements: Iterable[Agreement], values: ConfirmedValues, covered: CoveredFields
) -> list[Settlement]:
    """One Settlement for each Link that has something to settle."""
    bases: dict[LinkId, dict[str, Value]] = defaultdict(dict)
    observed: dict[LinkId, dict[str, dict[str, Value]]] = defaultdict(lambda: defaultdict(dict))
    for agreement in agreements:
        link_id, name = agreement.link_id, agreement.field
        there = {system: values.get(LinkSide(link_id, SystemName(system)), {}) for system in agreement.after}
        settled = agreement.settled({system: held[name] for system, held in there.items() if name in held})
        if settled is None:
            continue
        if settled.base is not None:
            bases[link_id][name] = settled.base.value
        for system, value in settled.observed.items():
            observed[link_id][system][name] = value
    return [
        Settlement(
            link_id=link_id,
            base=bases.get(link_id, {}),
            observed=observed[link_id],
            uncovered={
                system: held.keys() - frozenset(covered.get(LinkSide(link_id, SystemName(system)), ()))
                for system, held in observed[link_id].items()
            },
        )
        for link_id in sorted({*bases, *observed})
    ]
