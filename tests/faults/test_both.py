"""F104-F110: what no single CRM is to blame for: echoes, fights, zones, foreign writers, crashes, mass accidents."""

from __future__ import annotations

from datetime import date
from unittest import mock

import pytest

from sync.ledger.journal.writes import Writes
from tests.faults.scene import BEGINNING, HS_STAGE, HS_TIER, STAGE, TIER, FiveAccounts


def test_f104_our_own_write_comes_back_as_no_edit(scene: FiveAccounts) -> None:
    """Our own write returns as a change in the next read.

    Compares with what was last written, not with who wrote or when: reading it back plans nothing, in an hourly
    read as in a full one.
    """
    scene.sales("Acme", ABM_Tier__c="tier_1")
    scene.marketing("Blume", tandem_mqa_stage="engaged")
    scene.later()
    assert scene.sync().code == 0
    scene.later(5)
    scene.quiet()
    scene.later(300)
    scene.quiet()
    scene.quiet("--full")
    scene.in_step()


@pytest.mark.sweep
def test_f105_a_field_that_goes_back_and_forth_is_parked(scene: FiveAccounts) -> None:
    """One side rewrites what the other wrote, which writes it again, for ever.

    A value that a CRM respells is its spelling of it. Where two writers really fight, the field is carried
    three times within a day and then parked as a Conflict (exit code 4): nothing is written until a person
    decides, and everything else goes on.
    """
    codes = []
    for _ in range(3):
        scene.sales("Acme", ABM_Tier__c="tier_1")
        scene.later()
        codes.append(scene.sync().code)
        scene.later(20)
        scene.marketing("Acme", hs_ideal_customer_profile="tier_3")
        scene.later()
        codes.append(scene.sync().code)
        scene.later(20)
    assert codes == [0, 0, 0, 0, 0, 4]
    assert (scene.account("Acme")[TIER], scene.company("Acme")[HS_TIER]) == ("tier_1", "tier_3")
    assert scene.conflicts() == {"tier": 1}
    assert "went back and forth" in scene.world.run("conflicts", "list", "--json").out
    scene.sales("Acme", MQA_Stage__c="engaged")
    scene.later()
    assert scene.sync().code == 4
    assert (scene.account("Acme")[TIER], scene.company("Acme")[HS_TIER]) == ("tier_1", "tier_3")
    assert scene.company("Acme")[HS_STAGE] == "engaged"
    number = scene.world.run("conflicts", "list", "--json").json[0]["id"]
    decided = scene.world.run("conflicts", "resolve", str(number), "--use", "salesforce", "--yes")
    assert decided.code == 0, decided.text
    scene.settled(again=True)
    assert scene.company("Acme")[HS_TIER] == "tier_1"
    assert scene.conflicts() == {}


@pytest.mark.sweep
def test_f106_a_date_is_the_day_in_utc_on_both_sides(scene: FiveAccounts) -> None:
    """A HubSpot datetime against a Salesforce date: off by one day by zone.

    One rule, the day in UTC: 23:30 in New York is the next day, in outcomes and in mapped dates alike.
    """
    made = scene.people.hubspot(
        "POST",
        "crm/v3/objects/deals",
        json={
            "properties": {
                "dealname": "Late",
                "dealstage": "contractsent",
                "pipeline": "default",
                "closedate": "2026-03-31T23:30:00-04:00",
            }
        },
    )
    scene.people.salesforce(
        "POST",
        "sobjects/Opportunity",
        json={
            "Name": "Same",
            "StageName": "Prospecting",
            "CloseDate": "2026-04-01",
            "AccountId": scene.accounts["Acme"],
        },
    )
    scene.later()
    assert scene.world.run("outcomes", "pull").code == 0
    with scene.world.ledger() as ledger:
        dates = {item.name: item.close_date for item in ledger.outcomes.all()}
    assert made["id"]
    assert dates == {"Late": date(2026, 4, 1), "Same": date(2026, 4, 1)}


@pytest.mark.sweep
def test_f107_the_order_of_a_list_is_no_edit(scene: FiveAccounts) -> None:
    """Lists with `;` come in another order, or with a leading `;`.

    Compares them as sets: another order writes nothing, another member does.
    """
    folder = scene.world.folder / "mappings"
    folder.mkdir()
    options = ", ".join(f"{{value: {name}, label: {name.upper()}}}" for name in ("emea", "amer", "apac"))
    (folder / "canonical.yaml").write_text(
        f"fields: {{regions: {{type: multi_enum, label: Regions, options: [{options}]}}}}\n", encoding="utf-8"
    )
    (folder / "salesforce.yaml").write_text("fields: {regions: {name: Regions__c}}\n", encoding="utf-8")
    (folder / "hubspot.yaml").write_text("fields: {regions: {name: tandem_regions}}\n", encoding="utf-8")
    scene.world.configure("mapping: mappings/")
    ran = scene.world.run("provision", "apply", "--yes")
    assert ran.code == 0, ran.text
    scene.sales("Acme", Regions__c="emea;amer")
    scene.later()
    assert scene.sync().code == 0
    assert set(scene.company("Acme")["tandem_regions"].split(";")) == {"emea", "amer"}
    scene.marketing("Acme", tandem_regions=";amer;emea")
    scene.later()
    scene.quiet()
    scene.marketing("Acme", tandem_regions="amer;apac")
    scene.later()
    assert scene.sync().code == 0
    assert set(str(scene.account("Acme")["Regions__c"]).split(";")) == {"amer", "apac"}


@pytest.mark.sweep
def test_f108_a_second_integration_that_writes_back_is_found_and_not_fought(scene: FiveAccounts) -> None:
    """HubSpot's own Salesforce integration rewrites a field 15 minutes later.

    Carries what it wrote like any edit, with its name in the history; a field that it keeps putting back is
    parked (F105), and `tandem doctor` looks for such a writer before the first Run.
    """
    for _ in range(4):
        scene.sales("Acme", MQA_Stage__c="evaluating")
        scene.later()
        if scene.sync().code == 4:
            break
        # The other integration speaks with a token of its own, as Tandem does.
        scene.people.hubspot(
            "PATCH",
            f"crm/v3/objects/companies/{scene.companies['Acme']}",
            json={"properties": {HS_STAGE: "awareness"}},
        )
        scene.later(900)
        if scene.sync().code == 4:
            break
    else:
        pytest.fail("the two went on for ever")
    assert scene.conflicts() == {"mqa_stage": 1}
    assert "evaluating" in {scene.account("Acme")[STAGE], scene.company("Acme")[HS_STAGE]}
    assert scene.company("Acme")[HS_TIER] == "tier_2"


@pytest.mark.sweep
def test_f109_a_write_whose_confirmation_was_lost_is_read_back_first(scene: FiveAccounts) -> None:
    """The process dies after the remote write and before the local commit.

    Every write is intended in the ledger before it is sent; the next Run reads back what stands there and
    repeats nothing that arrived.
    """
    scene.sales("Acme", ABM_Tier__c="tier_1")
    scene.people.new_in_salesforce(Name="Falk", Website="falk.net", **BEGINNING)
    scene.later()
    with mock.patch.object(Writes, "confirm", side_effect=KeyboardInterrupt):
        ran = scene.sync()
    assert ran.code == 130
    assert scene.living_companies().count("Falk") == 1
    assert "of a Run that died" in scene.world.run("status").text
    scene.marketing("Acme", tandem_mqa_stage="engaged")
    scene.settled()
    assert scene.living_companies().count("Falk") == 1
    assert scene.account("Acme")[STAGE] == "engaged"
    assert scene.company("Acme")[HS_TIER] == "tier_1"
    assert scene.links() == 6


def many(scene: FiveAccounts, count: int = 30) -> list[str]:
    """More accounts in both CRMs, in step; their ids in Salesforce."""
    names = [f"Load {n}" for n in range(count)]
    owner = scene.account("Acme")["OwnerId"]
    accounts = scene.people.collections(
        [
            {"Name": name, "Website": f"load{n}.com", "OwnerId": owner, **BEGINNING}
            for n, name in enumerate(names)
        ]
    )
    scene.people.batches([{"name": name, "domain": f"load{n}.com"} for n, name in enumerate(names)])
    scene.later()
    ran = scene.sync("--max-change-share", "1")
    assert ran.code == 0, ran.text
    assert scene.links() == count + 5
    return accounts


@pytest.mark.sweep
def test_f110_a_mass_that_looks_deleted_stops_the_run(scene: FiveAccounts) -> None:
    """40 percent of the accounts look deleted: lost sharing, the wrong org, a wrong token.

    Stops before the first write (exit code 5) with the numbers: where many went out of sight, where many were
    really deleted, and where a System turned almost empty. `--max-change-share` lets one Run pass.
    """
    accounts = many(scene)
    scene.people.door("salesforce", "sharing", {"ids": accounts[:14]})
    scene.marketing("Acme", hs_ideal_customer_profile="tier_1")
    scene.later()
    ran = scene.sync("--full")
    assert ran.code == 5
    assert "can no longer see 14 of 35 linked accounts (40%)" in ran.text
    assert scene.account("Acme")[TIER] == "tier_2"
    scene.people.door("salesforce", "sharing", {"ids": accounts[:25]})
    scene.later()
    ran = scene.sync("--full")
    assert ran.code == 5
    assert "salesforce showed 10 accounts" in ran.text
    assert "--max-change-share 1" in ran.text
    scene.people.door("salesforce", "sharing", {"ids": accounts, "hidden": False})
    scene.later()
    assert scene.sync("--full").code == 0
    assert scene.account("Acme")[TIER] == "tier_1"
    assert scene.links() == 35
    for id in accounts[:14]:
        scene.people.deletes_in_salesforce(id)
    scene.sales("Blume", ABM_Tier__c="tier_3")
    scene.later()
    ran = scene.sync()
    assert ran.code == 5
    assert "close the Link of 14 of 35 linked accounts (40%)" in ran.text
    assert scene.company("Blume")[HS_TIER] == "tier_2"
    assert scene.sync("--max-change-share", "0.5").code == 0
    assert scene.company("Blume")[HS_TIER] == "tier_3"
    assert scene.links() == 21
    assert len(scene.living_companies()) == 35


@pytest.mark.sweep
def test_f110_another_org_or_portal_is_refused_before_anything_is_read(scene: FiveAccounts) -> None:
    """The wrong org, or the wrong portal.

    Compares who answers with the org and portal that the ledger was begun with, before anything is read (exit
    code 5).
    """
    scene.sales("Acme", ABM_Tier__c="tier_1")
    scene.later()
    file = scene.world.config
    file.write_text(
        file.read_text(encoding="utf-8").replace(
            "    kind: salesforce\n", "    kind: salesforce\n    expect_org_id: 00D000000000002EAA\n"
        ),
        encoding="utf-8",
    )
    ran = scene.sync()
    assert ran.code == 5, ran.text
    assert "00D000000000002EAA" in ran.text
    scene.world.configure()
    org = next(iter(scene.world.org.store.rows("Organization")))
    scene.world.org.store.remove("Organization", str(org["Id"]))
    scene.world.org.store.put("Organization", {**org, "Id": "00D000000000003EAA"})
    ran = scene.sync()
    assert ran.code == 5, ran.text
    assert "this ledger belongs to" in ran.text
    assert scene.company("Acme")[HS_TIER] == "tier_2"
    scene.world.org.store.remove("Organization", "00D000000000003EAA")
    scene.world.org.store.put("Organization", dict(org))
    scene.settled()
    assert scene.company("Acme")[HS_TIER] == "tier_1"


@pytest.mark.sweep
def test_f110_scores_that_all_jump_stop_the_run(scene: FiveAccounts) -> None:
    """A broken model moves most scores far.

    A push that moves more than 30 percent of the scores by more than 30 points stops (exit code 5) with the
    numbers; `--max-swing-share` lets one Run pass.
    """
    many(scene, 20)
    scene.world.configure("scores: {source: csv, path: scores.csv}")
    file = scene.world.folder / "scores.csv"

    def give(score: int) -> None:
        rows = [f"load{n}.com,{score}" for n in range(20)]
        file.write_text("\n".join(["domain,score", *rows]) + "\n", encoding="utf-8")
        assert scene.world.run("scores", "import").code == 0

    give(20)
    assert scene.sync().code == 0
    scene.later()
    give(90)
    ran = scene.sync()
    assert ran.code == 5, ran.text
    assert "It moves 20 of 20 scores (100%) by more than 30 points" in ran.text
    ran = scene.world.run("scores", "push", "--yes", "--max-swing-share", "1")
    assert ran.code == 0, ran.text
    scene.later()
    scene.quiet()
