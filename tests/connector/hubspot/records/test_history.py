"""Whose value it was, as a property's own history tells."""

from __future__ import annotations

import pytest

from connector.hubspot.records.history import version_of


@pytest.mark.parametrize(
    ("source", "app", "user", "author"),
    [
        ("INTEGRATION", "77", None, "app 77"),
        ("API", None, None, "app unknown"),
        ("CRM_UI", "userId:9", "9", "9"),
        ("AUTOMATION_PLATFORM", "4711", "9", "a workflow in HubSpot"),
        ("SALESFORCE", None, None, "HubSpot's own Salesforce connector"),
        ("IMPORT", None, None, "an import"),
        ("NEW_KIND", None, None, "NEW_KIND"),
        (None, None, "9", "9"),
        (None, None, None, None),
    ],
)
def test_an_author_is_a_user_by_id_and_anything_else_in_words(
    source: str | None, app: str | None, user: str | None, author: str | None
) -> None:
    told = {"sourceType": source, "sourceId": app, "updatedByUserId": user}
    version = version_of({"value": "x", "timestamp": "2026-03-02T09:00:00.000Z", **told})
    assert version.author == author
    assert version.by_app is (source in {"INTEGRATION", "API"})
    assert version.automatic is (source in {"AUTOMATION_PLATFORM", "SALESFORCE"})
