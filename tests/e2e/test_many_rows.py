"""Thousands of changes at once: one job instead of many calls, and every row accounted for."""

from __future__ import annotations

from collections import Counter

import pytest

from sync.model.journal import WriteState
from tests.e2e.people import SETTLED, People
from tests.world import World

#: As 6,500 and 6,000 in life.
NUMBER, BULK_FROM = 1300, 1200


def routes(world: World) -> Counter[str]:
    return Counter(world.salesforce.calls()["routes"])


@pytest.mark.sweep
@pytest.mark.slow
def test_changes_beyond_the_threshold_are_one_job_and_one_bad_row_is_held(
    world: World, people: People
) -> None:
    world.configure(
        "scope: {accounts: all}", "guard: {max_change_share: 1.0, max_changes: 100000, max_swing_share: 1.0}"
    )
    text = world.config.read_text(encoding="utf-8")
    world.config.write_text(
        text.replace("kind: salesforce\n", f"kind: salesforce\n    bulk_from: {BULK_FROM}\n"),
        encoding="utf-8",
    )
    assert world.run("provision", "apply", "--yes").code == 0
    people.see_the_fields()
    domains = [f"acme{number}.com" for number in range(NUMBER)]
    ids = world.org.load(
        "Account", [{"Name": f"Acme {n}", "Website": domain} for n, domain in enumerate(domains)]
    )
    people.batches(
        [
            {"name": f"Acme {n}", "domain": domain, "hs_ideal_customer_profile": "tier_2"}
            for n, domain in enumerate(domains)
        ]
    )
    world.salesforce.fault(fault="F37", rows=[5], match={"path": ".*/jobs/ingest.*"})
    world.clock.advance(SETTLED)
    before = routes(world)
    ran = world.run("sync", "--json")
    assert ran.code in {0, 3}, ran.text
    jobs = {route: n for route, n in (routes(world) - before).items() if "/jobs/" in route}
    assert sum(jobs.values()) <= 8, jobs
    assert not any("PATCH" in route and "/composite" in route for route in routes(world) - before)
    with world.ledger() as ledger:
        states = Counter(
            write.state for write in ledger.writes.of_run(ran.json["run"]) if write.system == "salesforce"
        )
    assert states == {WriteState.CONFIRMED: NUMBER - 1, WriteState.REFUSED: 1}
    tiers = Counter(str((world.org.store.get("Account", id) or {}).get("ABM_Tier__c")) for id in ids)
    assert tiers == {"tier_2": NUMBER - 1, "None": 1}
    held = world.run("status", "--json")
    assert "FIELD_CUSTOM_VALIDATION_EXCEPTION" in held.text
