"""Which versions of its API the emulator serves, and what each has."""

import csv
import re

import pytest

from emulator.hubspot.app import RULES
from emulator.hubspot.wire import v3_path, version_of
from tests import shared
from tests.emulator.hubspot.judged import Judged

#: Addresses of one family each, with a gap for the version.
PATHS = (
    "/crm/objects/{}/companies",
    "/crm/properties/{}/companies",
    "/crm/pipelines/{}/deals",
    "/crm/owners/{}",
    "/account-info/{}/details",
)


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("date", ["2026-03", "2026-09"])
def test_a_version_that_hubspot_serves_is_served(hubspot: Judged, path: str, date: str) -> None:
    assert hubspot("GET", path.format(date)).status_code == 200


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    "unknown", ["2025-03", "2025-09", "2026-04", "2027-03", "2026-09-beta", "2026-3", "v5", "latest"]
)
def test_an_unknown_version_is_not_found(hubspot: Judged, path: str, unknown: str) -> None:
    hubspot.judge = None  # the specification at hand says nothing of what is not there
    answer = hubspot("GET", path.format(unknown))
    assert answer.status_code == 404
    assert answer.headers["content-type"].startswith("application/json")
    assert "Python" not in answer.text


def test_the_settings_of_webhooks_moved_in_2026_09(hubspot: Judged) -> None:
    hubspot.judge = None
    statuses = {
        path: hubspot("GET", path, token=None, params={"hapikey": "emulator"}).status_code
        for path in (
            "/webhooks/v3/1160452/subscriptions",
            "/webhooks/2026-03/1160452/subscriptions",
            "/app-webhooks/2026-09/1160452/subscriptions",
            "/webhooks/2026-09/1160452/subscriptions",
            "/app-webhooks/2026-03/1160452/subscriptions",
        )
    }
    assert list(statuses.values()) == [200, 200, 200, 404, 404], statuses


def routed(method: str, path: str) -> bool:
    """Does a route of the emulator answer this address?"""
    wanted = v3_path(path)
    return any(
        rule.method == method
        and rule.serves(version_of(path))
        and re.fullmatch(re.sub(r"\{[^}]+\}", "[^/]+", rule.path), wanted)
        for rule in RULES
    )


FAMILIES = re.compile(
    r"^/(oauth/|crm/objects/[^/]+/(companies|deals|\{objectType\})|crm/(properties|pipelines|owners)/|account-info/|"
    r"crm/associations/[^/]+/\{fromObjectType\}/\{toObjectType\}/batch/)"
)
#: What people use through the screen, and no client of companies, deals and their fields needs.
LEFT_OUT = re.compile(r"/(audit|gdpr-delete|rollbacks?)|high-usage-report|audit-logs|/activity/|cards")


@pytest.mark.judge
@shared.needs_contracts
@pytest.mark.parametrize("date", ["2026-03", "2026-09"])
def test_every_published_operation_of_what_tandem_uses_is_served_in_its_version(date: str) -> None:
    with (shared.CONTRACTS / "hubspot" / "operations.tsv").open(encoding="utf-8") as lines:
        rows = [row for row in csv.reader(lines, delimiter="\t") if len(row) == 4 and row[1] == date]
    wanted = [
        (method, path) for _, _, method, path in rows if FAMILIES.match(path) and not LEFT_OUT.search(path)
    ]
    assert len(wanted) > 30
    missing = [
        f"{method} {path}"
        for method, path in wanted
        if not routed(method, path.replace("{objectType}", "companies").replace("{", "").replace("}", ""))
    ]
    assert missing == []
