"""What is found about stages: plain data, one finding per value or stage."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Kind(StrEnum):
    """What a finding is about."""

    # a ladder
    MISSING = "missing"
    INACTIVE = "inactive"
    LABEL = "label"
    ORDER = "order"
    #: A value that the contract does not have.
    OFF_CONTRACT = "off contract"
    #: A record type does not offer a rung that the contract has; none of them offers an opportunity stage.
    NOT_OFFERED = "not offered"
    #: The field itself: not there, hidden, of another type; its help with the entry criteria.
    FIELD = "field"
    #: Entry criteria that do not fit where people would read them.
    CRITERIA = "criteria"
    # an opportunity stage
    UNMAPPED = "unmapped"
    #: Mapped in a way that the CRM's own flags overrule.
    OVERRULED = "overruled"
    #: Mapped, and the System has no such stage.
    GONE = "gone"
    #: Records stand in a stage that nobody can choose any more.
    LEFT_BEHIND = "left behind"
    #: The CRM's own definition contradicts itself, or its label.
    CONTRADICTION = "contradiction"
    #: Worth knowing, and right as it is.
    NOTE = "note"


@dataclass(frozen=True, slots=True, kw_only=True)
class StageFinding:
    """One thing that was found about one value of a ladder or one opportunity stage."""

    system: str
    object: str
    #: The System's own name of the field.
    field: str
    #: The ladder's canonical name; None for opportunity stages.
    canonical: str | None = None
    kind: Kind
    #: The System's value or stage id; empty for the field as a whole.
    value: str = ""
    label: str = ""
    #: The pipeline's label, where the System has several.
    pipeline: str = ""
    stands: str = ""
    should: str = ""
    #: How many records carry it; None where nobody counted.
    records: int | None = None
    reason: str = ""
    #: What it most likely means in the contract, and why.
    proposal: str = ""
    because: str = ""
    #: What Tandem does with it as it is.
    does: str = ""
    #: File and line of the mapping that speak of it, where a person wrote them.
    where: str = ""
    #: What a person can do about it.
    remedy: str = ""
    #: The contract is not kept: something has to be done.
    drift: bool = False
    #: ``tandem stages apply`` fixes it.
    fixable: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """One rung or opportunity stage that has its place in the contract, and which."""

    system: str
    object: str
    field: str
    value: str
    label: str = ""
    #: The pipeline's label, where the System has several.
    pipeline: str = ""
    #: What the CRM says of an opportunity stage.
    stands: str = ""
    #: The canonical rung, or the buyer stage.
    means: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """How many records carry values beside those that are known to be right."""

    values: Mapping[str, int] = field(default_factory=dict)
    #: Records with values that the System did not name.
    others: int = 0
