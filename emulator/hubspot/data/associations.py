"""Links between records: type ids by direction, labels, and the primary company (HubSpot: associations v4)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from emulator.hubspot.errors import HubSpotError, not_found, validation


@dataclass(frozen=True, kw_only=True)
class LinkType:
    """One direction of a kind of link. `inverse` is the type id read from the other end."""

    id: int
    inverse: int
    origin: str
    goal: str
    category: str = "HUBSPOT_DEFINED"
    label: str | None = None
    name: str = ""

    @property
    def primary(self) -> bool:
        return self.category == "HUBSPOT_DEFINED" and self.label == "Primary"

    @property
    def unlabelled(self) -> bool:
        return self.label is None

    def as_json(self) -> dict[str, Any]:
        return {"category": self.category, "typeId": self.id, "label": self.label}


_STOCK = (
    ("contacts", "companies", 279, 280, None, "contact_to_company_unlabeled", "company_to_contact_unlabeled"),
    ("contacts", "companies", 1, 2, "Primary", "contact_to_company", "company_to_contact"),
    ("deals", "companies", 341, 342, None, "deal_to_company_unlabeled", "company_to_deal_unlabeled"),
    ("deals", "companies", 5, 6, "Primary", "deal_to_company", "company_to_deal"),
    ("deals", "contacts", 3, 4, None, "deal_to_contact", "contact_to_deal"),
    ("companies", "companies", 450, 450, None, "company_to_company", "company_to_company"),
    ("companies", "companies", 13, 14, "Child Company", "parent_to_child_company", "child_to_parent_company"),
    ("contacts", "contacts", 449, 449, None, "contact_to_contact", "contact_to_contact"),
    ("deals", "deals", 451, 451, None, "deal_to_deal", "deal_to_deal"),
)

Pair = tuple[str, str]


class Associations:
    """Every link, kept in both directions: `(from, to) -> from id -> to id -> type ids`."""

    def __init__(self) -> None:
        self.types: dict[int, LinkType] = {}
        self.links: dict[Pair, dict[str, dict[str, set[int]]]] = {}
        self._touched: set[tuple[str, str, str]] = set()
        for origin, goal, there, back, label, name, name_back in _STOCK:
            label_back = "Parent Company" if label == "Child Company" else label
            self._add_type(LinkType(id=there, inverse=back, origin=origin, goal=goal, label=label, name=name))
            self._add_type(
                LinkType(id=back, inverse=there, origin=goal, goal=origin, label=label_back, name=name_back)
            )

    def _add_type(self, link_type: LinkType) -> None:
        self.types[link_type.id] = link_type

    def between(self, origin: str, goal: str) -> list[LinkType]:
        """The kinds of link from one object type to another; 400 when there are none."""
        found = [kind for kind in self.types.values() if (kind.origin, kind.goal) == (origin, goal)]
        if not found:
            raise validation(f"No association types exist between {origin} and {goal}")
        return sorted(found, key=lambda kind: (kind.category, kind.id))

    def default(self, origin: str, goal: str) -> LinkType:
        return next(kind for kind in self.between(origin, goal) if kind.unlabelled)

    def create_label(self, origin: str, goal: str, spec: Mapping[str, Any]) -> list[LinkType]:
        """A pair of label types of the portal's own."""
        label = str(spec.get("label") or "")
        if not label or not spec.get("name"):
            raise validation("Invalid input: label and name are required")
        first = max([100, *(kind.id + 1 for kind in self.types.values() if kind.category == "USER_DEFINED")])
        there, back = (first, first) if origin == goal else (first, first + 1)
        made = [
            LinkType(
                id=there,
                inverse=back,
                origin=origin,
                goal=goal,
                category="USER_DEFINED",
                label=label,
                name=str(spec["name"]),
            )
        ]
        if there != back:
            inverse_label = str(spec.get("inverseLabel") or label)
            made.append(
                LinkType(
                    id=back,
                    inverse=there,
                    origin=goal,
                    goal=origin,
                    category="USER_DEFINED",
                    label=inverse_label,
                    name=str(spec["name"]),
                )
            )
        for kind in made:
            self._add_type(kind)
        return made

    def rename_label(self, kind: LinkType, label: str, inverse: str | None) -> list[LinkType]:
        """Both directions of a label of the portal's own, in other words."""
        renamed = [replace(kind, label=label)]
        if kind.inverse != kind.id:
            renamed.append(replace(self.types[kind.inverse], label=inverse or label))
        for one in renamed:
            self._add_type(one)
        return renamed

    def of(self, origin: str, record_id: str, goal: str) -> dict[str, set[int]]:
        """The linked records and by which type ids, for one record."""
        return self.links.get((origin, goal), {}).get(record_id, {})

    def check(self, origin: str, goal: str, types: Iterable[Mapping[str, Any]]) -> list[LinkType]:
        """The link types that a request names; 400 for a wrong direction or an unknown id."""
        found = []
        for spec in types:
            kind = self.types.get(int(spec.get("associationTypeId", -1)))
            if kind is None or kind.category != spec.get("associationCategory"):
                raise validation(f"association type {spec.get('associationTypeId')} does not exist")
            if kind.origin != origin:
                raise validation(
                    f"invalid from object type {origin} for associations to be created. expected: {kind.origin}"
                )
            if kind.goal != goal:
                raise validation(
                    f"invalid to object type {goal} for associations to be created. expected: {kind.goal}"
                )
            found.append(kind)
        return found

    def link(
        self, origin: str, from_id: str, goal: str, to_id: str, kinds: Iterable[LinkType]
    ) -> list[LinkType]:
        """Set the labels of a link. The unlabelled type always comes along; the first company becomes the primary."""
        wanted = {kind.id: kind for kind in (*kinds, self.default(origin, goal))}
        primary = next((kind for kind in self.between(origin, goal) if kind.primary), None)
        if primary is not None:
            owner_end = (origin, from_id, goal) if goal == "companies" else (goal, to_id, origin)
            end_type = primary if goal == "companies" else self.types[primary.inverse]
            other_id = to_id if goal == "companies" else from_id
            held = [id for id, types in self.of(*owner_end).items() if end_type.id in types]
            if primary.id in wanted:
                for id in held:
                    if id != other_id:
                        self._unset(*owner_end[:2], owner_end[2], id, end_type)
            elif not held or held == [other_id]:
                wanted[primary.id] = primary
        self._clear(origin, from_id, goal, to_id)
        for kind in wanted.values():
            self._set(origin, from_id, goal, to_id, kind)
        return list(wanted.values())

    def _set(self, origin: str, from_id: str, goal: str, to_id: str, kind: LinkType) -> None:
        self._touched |= {(origin, goal, from_id), (goal, origin, to_id)}
        self.links.setdefault((origin, goal), {}).setdefault(from_id, {}).setdefault(to_id, set()).add(
            kind.id
        )
        self.links.setdefault((goal, origin), {}).setdefault(to_id, {}).setdefault(from_id, set()).add(
            kind.inverse
        )

    def _unset(self, origin: str, from_id: str, goal: str, to_id: str, kind: LinkType) -> None:
        self._touched |= {(origin, goal, from_id), (goal, origin, to_id)}
        self.of(origin, from_id, goal).get(to_id, set()).discard(kind.id)
        self.of(goal, to_id, origin).get(from_id, set()).discard(kind.inverse)

    def _clear(self, origin: str, from_id: str, goal: str, to_id: str) -> bool:
        self._touched |= {(origin, goal, from_id), (goal, origin, to_id)}
        there = self.links.get((origin, goal), {}).get(from_id, {}).pop(to_id, None)
        self.links.get((goal, origin), {}).get(to_id, {}).pop(from_id, None)
        return there is not None

    def unlink(self, origin: str, from_id: str, goal: str, to_id: str) -> bool:
        """Remove a link with all its labels; whether there was one."""
        return self._clear(origin, from_id, goal, to_id)

    def drop_labels(
        self, origin: str, from_id: str, goal: str, to_id: str, kinds: Iterable[LinkType]
    ) -> None:
        """Remove labels; removing the unlabelled type removes the link."""
        for kind in kinds:
            if kind.unlabelled:
                self._clear(origin, from_id, goal, to_id)
                return
            self._unset(origin, from_id, goal, to_id, kind)

    def move(self, name: str, old_id: str, new_id: str) -> None:
        """Let the links of one record lead to another: a merge. Extra primary links are dropped."""
        for origin, goal in list(self.links):
            if origin != name:
                continue
            for to_id, types in list(self.of(origin, old_id, goal).items()):
                labels = [self.types[id] for id in types if not self.types[id].primary]
                self._clear(origin, old_id, goal, to_id)
                self.link(origin, new_id, goal, to_id, labels)

    def drop_type(self, type_id: int) -> None:
        """Forget a label, on every link that carries it."""
        self.types.pop(type_id, None)
        for (origin, goal), by_id in self.links.items():
            for from_id, links in by_id.items():
                for types in links.values():
                    if type_id in types:
                        types.discard(type_id)
                        self._touched.add((origin, goal, from_id))

    def drain(self) -> list[tuple[str, dict[str, list[int]]]]:
        """What changed since the last drain, for the state file: one document per record and direction."""
        touched, self._touched = sorted(self._touched), set()
        return [
            (
                f"{origin}/{goal}/{from_id}",
                {to_id: sorted(types) for to_id, types in self.of(origin, from_id, goal).items()},
            )
            for origin, goal, from_id in touched
        ]

    def restore_from(self, links: Mapping[str, Mapping[str, list[int]]], labels: Mapping[str, Any]) -> None:
        """Take over what the state file holds."""
        for key, by_id in links.items():
            origin, goal, from_id = key.split("/")
            self.links.setdefault((origin, goal), {})[from_id] = {
                to: set(types) for to, types in by_id.items()
            }
        for doc in labels.values():
            self._add_type(LinkType(**doc))


def invalid_ids() -> HubSpotError:
    """400: a record of the link is not there."""
    return HubSpotError(
        400,
        {
            "message": "One or more associations are invalid",
            "category": "VALIDATION_ERROR",
            "subCategory": "crm.associations.INVALID_OBJECT_IDS",
        },
    )


def unknown_label(type_id: int) -> HubSpotError:
    """404: no such label."""
    return not_found(f"No association label with type id {type_id}")
