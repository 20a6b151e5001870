"""Owners: the people whom records belong to. An owner's id and the user's id are different numbers."""

from typing import Any

from emulator.hubspot.errors import HubSpotError


class Owners:
    """All owners, deactivated ones too, as the JSON that the API answers."""

    def __init__(self) -> None:
        self.by_id: dict[str, dict[str, Any]] = {}

    def add(
        self,
        *,
        email: str,
        first: str,
        last: str,
        at: str,
        owner_id: str | None = None,
        user_id: int | None = None,
        archived: bool = False,
    ) -> dict[str, Any]:
        """A new owner; ids are given or the next ones free. A deactivated one has no `userId` any more."""
        count = len(self.by_id)
        owner_id = owner_id or str(701_000_001 + 17 * count)
        user_id = user_id or 6_400_001 + 3 * count
        owner = {
            "id": owner_id,
            "email": email,
            "type": "PERSON",
            "firstName": first,
            "lastName": last,
            "userId": None if archived else user_id,
            "userIdIncludingInactive": user_id,
            "createdAt": at,
            "updatedAt": at,
            "archived": archived,
        }
        self.by_id[owner_id] = owner
        return owner

    def set_archived(self, owner_id: str, *, archived: bool) -> dict[str, Any]:
        """Deactivate or bring back; `updatedAt` does not move for that (HubSpot: owners API)."""
        owner = self.by_id[owner_id]
        owner["archived"] = archived
        owner["userId"] = None if archived else owner["userIdIncludingInactive"]
        return owner

    def listed(self, *, archived: bool, email: str | None = None) -> list[dict[str, Any]]:
        return [
            owner
            for _, owner in sorted(self.by_id.items(), key=lambda item: int(item[0]))
            if owner["archived"] == archived and (email is None or owner["email"].lower() == email.lower())
        ]

    def get(self, key: str, *, by_user_id: bool, archived: bool) -> dict[str, Any]:
        for owner in self.listed(archived=archived):
            if str(owner["userIdIncludingInactive"] if by_user_id else owner["id"]) == key:
                return owner
        raise HubSpotError(404, {"message": "resource not found"})

    def active_ids(self) -> list[str]:
        return [owner["id"] for owner in self.listed(archived=False)]

    def person(self, name: str) -> dict[str, Any] | None:
        """An owner by e-mail, user id or owner id."""
        for owner in self.by_id.values():
            if name.lower() == owner["email"].lower() or name in (
                owner["id"],
                str(owner["userIdIncludingInactive"]),
            ):
                return owner
        return None
