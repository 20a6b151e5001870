"""What may be asked of definitions. Source: Salesforce, Tooling API developer guide: FieldDefinition, CustomField."""

from __future__ import annotations

from emulator.salesforce.soql import QueryAnswer, SoqlError, parse
from emulator.salesforce.soql.tree import Both, Condition, Item, Name, Not

_WHOLE = frozenset({"metadata", "fullname"})
#: FieldDefinition is answered only with one of these in its WHERE
_REIFIED = frozenset({"durableid", "entitydefinitionid"})


def check(text: str, answer: QueryAnswer) -> None:
    """Hold the rules on what may be asked of definitions together. Raises SoqlError."""
    parsed = parse(text)
    selected = {
        item.what.text.lower()
        for item in parsed.select
        if isinstance(item, Item) and isinstance(item.what, Name)
    }
    if selected & _WHOLE and answer.total_size > 1:
        raise SoqlError(
            "MALFORMED_QUERY",
            "When retrieving results with Metadata or FullName fields, the query qualifications must specify no more"
            f" than one row for retrieval. Result size: {answer.total_size}",
        )
    if answer.object_name == "FieldDefinition":
        asked = _names(parsed.where) if parsed.where else set()
        if not asked & _REIFIED and not any(name.startswith("entitydefinition.") for name in asked):
            raise SoqlError(
                "MALFORMED_QUERY",
                "FieldDefinition: a filter on a reified column is required [DurableId, EntityDefinitionId]",
            )


def _names(condition: Condition) -> set[str]:
    if isinstance(condition, Both):
        return {name for part in condition.conditions for name in _names(part)}
    if isinstance(condition, Not):
        return _names(condition.condition)
    return {condition.operand.text.lower()} if isinstance(condition.operand, Name) else set()
