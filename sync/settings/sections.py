"""The sections of tandem.yaml beside the Systems."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    StrictBool,
    StrictStr,
    StringConstraints,
)

from mappings.fields import Value

Words = Annotated[StrictStr, StringConstraints(strip_whitespace=True, min_length=1)]


_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


_DURATION = re.compile(r"(\d+)\s*([smhd])")


def _duration(value: object) -> object:
    match = _DURATION.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is None:
        raise ValueError("write a number and a unit: 60s, 15m, 24h or 7d")
    return timedelta(seconds=int(match[1]) * _UNITS[match[2]])


#: ``60s``, ``15m``, ``24h``, ``7d``.
Duration = Annotated[timedelta, BeforeValidator(_duration)]


class SettingsSection(BaseModel):
    """What all sections share: nobody changes them, and an unknown key is a mistake."""

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)


class Scope(SettingsSection):
    """Which accounts are kept in step, and whether a System that lacks one gets it."""

    #: ``target_accounts``, ``linked``, ``all``, or canonical fields with the values that are in scope.
    accounts: Literal["target_accounts", "linked", "all"] | dict[str, list[Words]] = "target_accounts"
    #: Create an account in scope in the Systems that lack it.
    create: StrictBool = True

    def includes(self, values: Mapping[str, Value]) -> bool:
        """Is a Record with these canonical values in scope?"""
        if self.accounts == "all":
            return True
        if self.accounts == "target_accounts":
            return values.get("target_account") == "true"
        if isinstance(self.accounts, dict):
            return all(values.get(name) in allowed for name, allowed in self.accounts.items())
        return False


class Schedule(SettingsSection):
    """When the background service does what."""

    poll: Duration = timedelta(seconds=60)
    full_compare: Duration = timedelta(hours=24)
    outcomes: Duration = timedelta(minutes=15)


class ScoreSettings(SettingsSection):
    """Where computed scores come from and how their rows are read."""

    source: Literal["csv"] = "csv"
    path: Words | None = None
    #: What names an account in the file: ``domain``, ``tandem_id``, or a System's name (its native id).
    key: Words = "domain"
    #: Column of the key; the key's own name unless told.
    key_column: Words | None = None
    #: Column of the score.
    column: Words = "score"
    #: The canonical field that it is pushed to; its rule must be ``push``.
    field: Words = "engagement_score"
    #: Column with the time the score was computed; the time of the import where there is none.
    as_of_column: Words | None = None
    #: A score older than this is not pushed any more.
    max_age: Duration = timedelta(days=7)


class AssignTo(SettingsSection):
    """Salesforce: who is given the permission set beside the connected user."""

    #: Usernames, as people log in.
    users: tuple[Words, ...] = ()
    #: Names of profiles, all of whose active users get it.
    profiles: tuple[Words, ...] = ()


class Provision(SettingsSection):
    """What provisioning does beside the fields themselves."""

    assign_to: AssignTo = AssignTo()
