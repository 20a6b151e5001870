"""Which validation rules touch fields, out of what the org tells of them."""

from collections.abc import Mapping
from typing import Any, cast

from connector.salesforce.api.session import Session
from connector.salesforce.metadata.inspect import _validation_rules

FIELDS = ("OwnerId", "ABM_Tier__c")


class Tooling:
    """Answers the two questions about validation rules."""

    def __init__(self, formulas: Mapping[str, str | None]) -> None:
        self._formulas = formulas

    def everything(self, statement: str, path: str) -> list[dict[str, Any]]:
        assert path == "tooling/query"
        for name, formula in self._formulas.items():
            if f"'{name}'" in statement:
                return [{"Metadata": None if formula is None else {"errorConditionFormula": formula}}]
        return [{"Id": name, "ValidationName": name} for name in self._formulas]


def told(formulas: Mapping[str, str | None]) -> dict[str, tuple[str, ...]]:
    session = cast(Session, Tooling(formulas))
    return {rule.name: rule.fields for rule in _validation_rules(session, "Account", FIELDS)}


def test_a_rule_touches_the_owner_also_through_the_lookup_that_it_is() -> None:
    assert told(
        {
            "By_Id": "ISCHANGED( OwnerId )",
            "By_Name": 'Owner.Alias = "x"',
            "By_User": "NOT(Owner:User.IsActive)",
            "Other": "ISBLANK(CoOwner__c) && Parent.ABM_Tier_Old__c = 1",
        }
    ) == {"By_Id": ("OwnerId",), "By_Name": ("OwnerId",), "By_User": ("OwnerId",)}


def test_a_rule_whose_formula_a_package_hides_is_told_as_one_that_was_not_looked_into() -> None:
    assert told({"Hidden": None, "Tier": 'ISPICKVAL(abm_tier__c, "a")'}) == {
        "Hidden": (),
        "Tier": ("ABM_Tier__c",),
    }
