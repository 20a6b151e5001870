"""What one System is in this Run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from sync.core.plan import CallsFor
from sync.model.spelling import Spelling
from sync.model.users import UserDirectory


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemView:
    """What deciding needs to know of one System."""

    identity: str
    spelling: Spelling
    directory: UserDirectory
    #: Calls that writing so many rows takes.
    calls_for: CallsFor
    #: Fields that it showed before and does not show any more: canonical name -> its own name.
    lost: Mapping[str, str] = field(default_factory=dict)
    #: Native id of the user whose name our writes carry; None where unknown.
    acting_as: str | None = None
