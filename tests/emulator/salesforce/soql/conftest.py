"""A small org for the query engine: accounts with owners, opportunities and contacts, all in memory."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from emulator.salesforce.data.ids import checksum
from emulator.salesforce.soql import ChildInfo, FieldInfo, ObjectInfo, QueryAnswer, Row, run

NOW = datetime(2026, 3, 11, 15, 30, tzinfo=UTC)  # a Wednesday


def record_id(prefix: str, number: int) -> str:
    short = f"{prefix}5e000{number:07d}"
    return short + checksum(short)


USER = FieldInfo(name="OwnerId", type="reference", relationship_name="Owner", reference_to=("User",))
TIERS = (("tier_1", "Tier 1"), ("tier_2", "Tier 2"), ("tier_3", "Tier 3"))

OBJECTS = {
    info.name.lower(): info
    for info in (
        ObjectInfo(
            name="Account",
            fields=(
                FieldInfo(name="Id", type="id"),
                FieldInfo(name="Name", type="string"),
                FieldInfo(name="Website", type="url"),
                FieldInfo(
                    name="Description", type="textarea", filterable=False, sortable=False, groupable=False
                ),
                FieldInfo(name="AnnualRevenue", type="currency"),
                FieldInfo(name="NumberOfEmployees", type="int"),
                USER,
                FieldInfo(name="CreatedDate", type="datetime"),
                FieldInfo(name="SystemModstamp", type="datetime"),
                FieldInfo(
                    name="ParentId", type="reference", relationship_name="Parent", reference_to=("Account",)
                ),
                FieldInfo(name="Target__c", type="boolean", custom=True),
                FieldInfo(name="Tier__c", type="picklist", custom=True, picklist=TIERS),
                FieldInfo(name="Segments__c", type="multipicklist", custom=True),
                FieldInfo(name="Renewal__c", type="date", custom=True),
            ),
            children=(
                ChildInfo(relationship_name="Opportunities", child_object="Opportunity", field="AccountId"),
                ChildInfo(relationship_name="ChildAccounts", child_object="Account", field="ParentId"),
            ),
        ),
        ObjectInfo(
            name="Opportunity",
            fields=(
                FieldInfo(name="Id", type="id"),
                FieldInfo(name="Name", type="string"),
                FieldInfo(
                    name="AccountId", type="reference", relationship_name="Account", reference_to=("Account",)
                ),
                FieldInfo(name="Amount", type="currency"),
                FieldInfo(name="StageName", type="picklist"),
                FieldInfo(name="IsWon", type="boolean"),
                FieldInfo(name="CloseDate", type="date"),
                FieldInfo(name="SystemModstamp", type="datetime"),
                USER,
            ),
        ),
        ObjectInfo(
            name="Task",
            fields=(
                FieldInfo(name="Id", type="id"),
                FieldInfo(
                    name="WhatId",
                    type="reference",
                    relationship_name="What",
                    reference_to=("Account", "Opportunity"),
                ),
            ),
        ),
        ObjectInfo(
            name="User",
            fields=(
                FieldInfo(name="Id", type="id"),
                FieldInfo(name="Name", type="string"),
                FieldInfo(name="Email", type="email"),
            ),
        ),
    )
}


class Memory:
    """A catalogue over plain lists. `looked_up` notes which index answered."""

    def __init__(self, rows: Mapping[str, Sequence[Row]], *, indexed: bool = False) -> None:
        self._rows = rows
        self._by_id = {(name, row["Id"]): row for name, found in rows.items() for row in found}
        self._indexed = indexed
        self.scanned: list[str] = []
        self.user_id = record_id("005", 1)

    def now(self) -> datetime:
        return NOW

    def object(self, name: str) -> ObjectInfo | None:
        return OBJECTS.get(name.lower())

    def rows(self, name: str) -> Iterable[Row]:
        self.scanned.append(name)
        return self._rows.get(name, ())

    def by_id(self, name: str, record_id: str) -> Row | None:
        return self._by_id.get((name, record_id))

    def by_value(self, name: str, field: str, value: Any) -> Iterable[Row] | None:
        if not self._indexed or field != "Website":
            return None
        return [row for row in self._rows[name] if str(row.get(field)).lower() == value.lower()]

    def at_or_after(self, name: str, field: str, value: str) -> Iterable[Row] | None:
        if not self._indexed or field != "SystemModstamp":
            return None
        found = [row for row in self._rows[name] if row[field] >= value]
        return sorted(found, key=lambda row: str(row[field]))


def account(number: int, **values: Any) -> dict[str, Any]:
    return {
        "Id": record_id("001", number),
        "Target__c": False,
        "CreatedDate": f"2026-03-{number:02d}T08:00:00.000+0000",
        "SystemModstamp": f"2026-03-{number:02d}T09:00:00.000+0000",
        "OwnerId": record_id("005", 1),
        **values,
    }


def population() -> dict[str, list[dict[str, Any]]]:
    won, open_ = {"IsWon": True, "StageName": "Closed Won"}, {"IsWon": False, "StageName": "Prospecting"}
    return {
        "Account": [
            account(1, Name="Acme", Website="acme.com", AnnualRevenue=10.5, Tier__c="tier_2", Target__c=True),
            account(2, Name="Bolt", Tier__c="tier_1", Renewal__c="2026-03-10", Segments__c="Tech;Retail"),
            account(
                3, Name="cobra 100%", OwnerId=record_id("005", 2), Renewal__c="2026-03-11", Segments__c="Tech"
            ),
            account(
                4, Name="O'Neil \\ Sons", ParentId=record_id("001", 1), Tier__c="tier_3", AnnualRevenue=99
            ),
            account(5, Name="dune_x", Website="DUNE.example", Tier__c="tier_1"),
        ],
        "Opportunity": [
            {
                "Id": record_id("006", 1),
                "Name": "One",
                "AccountId": record_id("001", 1),
                "Amount": 100.0,
                "CloseDate": "2026-01-31",
                **won,
            },
            {
                "Id": record_id("006", 2),
                "Name": "Two",
                "AccountId": record_id("001", 1),
                "Amount": 50.0,
                "CloseDate": "2026-03-11",
                **open_,
            },
            {
                "Id": record_id("006", 3),
                "Name": "Three",
                "AccountId": record_id("001", 2),
                "Amount": None,
                "CloseDate": "2025-12-31",
                **won,
            },
            {
                "Id": record_id("006", 4),
                "Name": "Four",
                "AccountId": None,
                "CloseDate": "2026-04-01",
                **open_,
            },
        ],
        "Task": [
            {"Id": record_id("00T", 1), "WhatId": record_id("006", 2)},
            {"Id": record_id("00T", 2), "WhatId": None},
        ],
        "User": [
            {"Id": record_id("005", 1), "Name": "Ada", "Email": "ada@example.com"},
            {"Id": record_id("005", 2), "Name": "Bob", "Email": "bob@example.com"},
        ],
    }


@pytest.fixture
def org() -> Memory:
    return Memory(population())


@pytest.fixture
def indexed_org() -> Memory:
    return Memory(population(), indexed=True)


class Asker:
    """Asks a query and gives back what a test most often wants of the answer."""

    def __init__(self, org: Memory) -> None:
        self.org = org

    def answer(self, text: str) -> QueryAnswer:
        return run(self.org, text)

    def records(self, text: str) -> list[dict[str, Any]]:
        return [_bare(record) for record in self.answer(text).records()]

    def names(self, where: str) -> list[str]:
        """The first words of the accounts that a WHERE finds."""
        return [
            record["Name"].split()[0]
            for record in self.answer(f"SELECT Name FROM Account WHERE {where}").records()
        ]


def _bare(value: Any) -> Any:
    """The record without its `attributes`, at every depth."""
    if isinstance(value, dict):
        return {key: _bare(inner) for key, inner in value.items() if key != "attributes"}
    return [_bare(inner) for inner in value] if isinstance(value, list) else value


@pytest.fixture
def ask(org: Memory) -> Asker:
    return Asker(org)
