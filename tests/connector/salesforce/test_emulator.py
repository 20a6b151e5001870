"""The connector against a server that behaves as Salesforce does, fault by fault, over real connections."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from connector.base import (
    Connector,
    FieldDefinition,
    FieldKind,
    NativeRecord,
    OptionDefinition,
    RowUpdate,
    RowUpsert,
)
from connector.clock import Pace
from connector.errors import AuthFailed, QuotaSpent, Throttled, Unavailable, Unsupported, WrongIdentity
from connector.network import Network
from connector.salesforce import (
    Auth,
    ClientCredentials,
    JwtBearer,
    Password,
    RefreshToken,
    SalesforceSettings,
    connect,
)
from emulator.kit.clock import Clock
from emulator.kit.server import serve
from emulator.kit.state import StateFile
from emulator.salesforce.app import build

START = datetime(2026, 3, 2, 9, 0, 0, tzinfo=UTC)
APP = ClientCredentials(client_id="emulator", client_secret="emulator")
KEY = FieldDefinition(
    name="Key__c", label="Key", kind=FieldKind.TEXT, length=40, unique=True, external_id=True
)
TIER = FieldDefinition(
    name="Tier__c",
    label="Tier",
    kind=FieldKind.ENUM,
    restricted=True,
    options=tuple(OptionDefinition(value=f"tier_{n}", label=f"Tier {n}", order=n) for n in (1, 2)),
)
SCORE = FieldDefinition(name="Score__c", label="Score", kind=FieldKind.NUMBER, precision=5, scale=2)


@dataclass(kw_only=True)
class EmulatedOrg:
    """An org, the connector to it, and the doors behind which a test can act."""

    url: str
    clock: Clock
    http: requests.Session
    salesforce: Connector

    def connect(self, auth: Auth = APP, **more: Any) -> Connector:
        save = more.pop("save_refresh_token", None)
        pace = more.pop("pace", None) or Pace.virtual(self.clock.now, self.clock.advance)
        settings = SalesforceSettings(name="salesforce", login_url=self.url, auth=auth, **more)
        return connect(settings, pace=pace, network=Network(), save_refresh_token=save)

    def door(self, path: str, **body: Any) -> Any:
        answer = self.http.post(f"{self.url}/__emulator__/{path}", json=body, timeout=10)
        assert answer.ok, answer.text
        return answer.json() if answer.content else None

    def fault(self, fault: str, *, path: str | None = None, **more: Any) -> None:
        self.door("faults", fault=fault, **({"match": {"path": path}} if path else {}), **more)

    def routes(self) -> dict[str, int]:
        found: dict[str, int] = self.http.get(f"{self.url}/__emulator__/calls", timeout=10).json()["routes"]
        return found

    def accounts(self, number: int) -> list[str]:
        rows = [RowUpsert(key=f"k{n}", values={"Name": f"Acme {n}"}) for n in range(number)]
        results = self.salesforce.upsert("Account", "Key__c", rows)
        assert all(result.refusal is None for result in results)
        return [str(result.id) for result in results]

    def read(self, position: str | None = None, *fields: str) -> tuple[dict[str, NativeRecord], str]:
        pages = list(self.salesforce.changes("Account", fields or ("Name",), position))
        return {record.id: record for page in pages for record in page.records}, pages[-1].position

    def tiers(self, ids: list[str]) -> list[Any]:
        found = self.salesforce.read("Account", ["Tier__c"], ids)
        return [found[id].values["Tier__c"] for id in ids]


@pytest.fixture(scope="module")
def served() -> Iterator[tuple[str, Clock]]:
    clock = Clock.virtual(START)
    with serve(build(StateFile(None), clock)) as url:
        yield url, clock


@pytest.fixture
def bare(served: tuple[str, Clock]) -> Iterator[EmulatedOrg]:
    """An org as it was bought."""
    url, clock = served
    with requests.Session() as http:
        scene = EmulatedOrg(url=url, clock=clock, http=http, salesforce=None)  # type: ignore[arg-type]
        scene.door("reset")
        scene.salesforce = scene.connect()
        yield scene
        scene.salesforce.close()


@pytest.fixture
def scene(bare: EmulatedOrg) -> EmulatedOrg:
    """An org with our fields."""
    for field in (KEY, TIER, SCORE):
        bare.salesforce.create_field("Account", field)
    bare.salesforce.grant("Account", [KEY.name, TIER.name, SCORE.name])
    bare.door("calls/reset")
    return bare


# -- logins ------------------------------------------------------------------------------------------------


def rsa_key() -> tuple[str, str]:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    public = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return private.decode(), public.decode()


def test_a_signed_assertion_logs_in(bare: EmulatedOrg) -> None:
    private, public = rsa_key()
    bare.door("keys", client_id="emulator", public_key=public)
    auth = JwtBearer(client_id="emulator", username="tandem@example.com", private_key=private)
    assert bare.connect(auth).identity().acting_as_name == "Tandem Integration"


def test_a_clock_six_minutes_slow_is_told_as_such(bare: EmulatedOrg) -> None:
    private, public = rsa_key()
    bare.door("keys", client_id="emulator", public_key=public)
    slow = Pace.virtual(lambda: bare.clock.now() - timedelta(minutes=6), bare.clock.advance)
    auth = JwtBearer(client_id="emulator", username="tandem@example.com", private_key=private)
    with pytest.raises(AuthFailed) as refused:
        bare.connect(auth, pace=slow).users()
    assert "6 minutes behind" in str(refused.value.remedy)


def test_a_refresh_token_rotates_and_the_new_one_is_kept(bare: EmulatedOrg) -> None:
    given = bare.door("refresh_tokens", client_id="emulator", user="tandem@example.com")["done"][
        "refresh_token"
    ]
    kept: list[str] = []
    auth = RefreshToken(client_id="emulator", client_secret="emulator", refresh_token=given)
    connector = bare.connect(auth, save_refresh_token=kept.append)
    bare.fault("F03")
    connector.users()
    assert len(kept) == 1
    assert kept[0] != given
    bare.door("expire_sessions")
    connector.users()
    # The one that was kept is the one that is good: a later process logs in with it.
    later = RefreshToken(client_id="emulator", client_secret="emulator", refresh_token=kept[-1])
    assert bare.connect(later).users()


def test_a_password_logs_in_over_soap_and_over_oauth(bare: EmulatedOrg) -> None:
    soap = Password(username="tandem@example.com", password="right", security_token="TOKEN")
    assert bare.connect(soap).identity().acting_as_name == "Tandem Integration"
    oauth = Password(
        username="tandem@example.com", password="right", client_id="emulator", client_secret="emulator"
    )
    assert bare.connect(oauth).identity().acting_as_name == "Tandem Integration"


def test_a_wrong_password_is_refused_in_words(bare: EmulatedOrg) -> None:
    with pytest.raises(AuthFailed, match="login refused"):
        bare.connect(Password(username="tandem@example.com", password="wrong")).users()


def test_a_session_that_ends_in_the_middle_goes_unnoticed(scene: EmulatedOrg) -> None:
    ids = scene.accounts(3)
    scene.door("expire_sessions")
    rows = [RowUpdate(id=id, values={"Tier__c": "tier_1"}) for id in ids]
    assert all(result.refusal is None for result in scene.salesforce.update("Account", rows))


def test_another_org_than_the_expected_one_is_never_written_to(bare: EmulatedOrg) -> None:
    other = bare.connect(expect_org_id="00D000000000009EAA")
    with pytest.raises(WrongIdentity, match="00D000000000001EAA"):
        other.update("Account", [RowUpdate(id="001000000000001AAA", values={"Name": "x"})])
    assert other.calls == 0


# -- limits ------------------------------------------------------------------------------------------------


def test_a_spent_day_stops_at_once_and_too_many_at_once_are_waited_out(bare: EmulatedOrg) -> None:
    bare.fault("F06")
    assert bare.salesforce.users()
    bare.fault("F06", times=100, which="transactions")
    with pytest.raises(Throttled):
        bare.salesforce.users()
    bare.door("reset")
    bare.fault("F05")
    before = bare.connect()
    with pytest.raises(QuotaSpent):
        before.users()
    assert before.calls == 1


def test_a_day_nearly_used_up_by_others_stops_us(bare: EmulatedOrg) -> None:
    bare.fault("F07", used=98_000)
    bare.salesforce.users()
    with pytest.raises(QuotaSpent, match="98000"):
        bare.salesforce.users()


# -- reading -----------------------------------------------------------------------------------------------


def test_an_idle_read_is_one_call(scene: EmulatedOrg) -> None:
    scene.accounts(500)
    scene.clock.advance(3000)
    _, position = scene.read()
    scene.clock.advance(3000)
    before = scene.salesforce.calls
    found, _ = scene.read(position)
    assert found == {}
    assert scene.salesforce.calls - before == 1


def test_short_pages_and_lost_locators_lose_no_row(scene: EmulatedOrg) -> None:
    rows = [{"Name": f"Bulk {n}"} for n in range(5000)]
    ids = scene.door("load", object="Account", rows=rows)["done"]
    scene.fault("F10", times=1000, size=700)
    scene.fault("F11", times=2)
    pages = list(scene.salesforce.changes("Account", ["Name"], None))
    found = [record.id for page in pages for record in page.records]
    assert sorted(found) == sorted(ids)


def test_a_row_that_commits_late_below_the_position_is_read(scene: EmulatedOrg) -> None:
    (id,) = scene.accounts(1)
    _, position = scene.read()
    scene.clock.advance(60)
    scene.fault("F14", lag=90)
    scene.salesforce.update("Account", [RowUpdate(id=id, values={"Name": "Late"})])
    scene.clock.advance(30)
    _, position = scene.read(position)
    scene.clock.advance(120)
    found, _ = scene.read(position)
    assert found[id].values["Name"] == "Late"


def test_a_record_hidden_by_sharing_is_neither_there_nor_deleted(scene: EmulatedOrg) -> None:
    one, two = scene.accounts(2)
    scene.door("sharing", ids=[one], hidden=True)
    pages = list(scene.salesforce.changes("Account", ["Name"], None))
    assert two in {record.id for page in pages for record in page.records}
    assert scene.salesforce.fate("Account", [one, two]) == {}


def test_a_merge_of_a_merge_leads_to_the_last_survivor(scene: EmulatedOrg) -> None:
    one, two, three = scene.accounts(3)
    scene.door("merge", master=two, losers=[one])
    scene.door("merge", master=three, losers=[two])
    fates = scene.salesforce.fate("Account", [one, two, three])
    assert {id: fate.merged_into for id, fate in fates.items()} == {one: three, two: three}


def test_a_record_taken_out_of_the_bin_is_simply_there_again(scene: EmulatedOrg) -> None:
    (id,) = scene.accounts(1)
    _, position = scene.read()
    scene.http.delete(
        f"{scene.url}/__emulator__/as/admin@example.com/services/data/v62.0/sobjects/Account/{id}"
    )
    pages = list(scene.salesforce.changes("Account", ["Name"], position))
    assert [gone.id for page in pages for gone in page.removals] == [id]
    scene.door("undelete", ids=[id])
    found, _ = scene.read(pages[-1].position)
    assert id in found


def test_access_that_was_lost_since_yesterday_is_named(scene: EmulatedOrg) -> None:
    scene.read(None, "Name", "Tier__c", "Score__c")
    scene.door("fields", fields=["Account.Tier__c", "Account.Score__c"], hidden=True)
    with pytest.raises(Unsupported, match="Tier__c, Score__c"):
        scene.read(None, "Name", "Tier__c", "Score__c")
    hidden = scene.salesforce.schema("Account").invisible
    scene.door("fields", fields=["Account.Tier__c", "Account.Score__c"], hidden=False)
    assert hidden == {"Tier__c", "Score__c"}


# -- writing -----------------------------------------------------------------------------------------------


def test_locked_rows_are_written_in_the_end(scene: EmulatedOrg) -> None:
    ids = scene.accounts(250)
    scene.fault("F33", rows=[ids[3], ids[220]], times=2)
    rows = [RowUpdate(id=id, values={"Tier__c": "tier_2"}) for id in ids]
    results = scene.salesforce.update("Account", rows)
    assert [result.refusal for result in results] == [None] * 250
    assert set(scene.tiers(ids)) == {"tier_2"}


@pytest.mark.parametrize(
    ("fault", "code", "options"),
    [
        ("F34", "DUPLICATES_DETECTED", {}),
        ("F35", "DUPLICATES_DETECTED", {}),
        ("F37", "FIELD_CUSTOM_VALIDATION_EXCEPTION", {}),
        ("F39", "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", {"field": "Tier__c"}),
        ("F40", "STRING_TOO_LONG", {"value": "somebody's secret"}),
        ("F41", "INVALID_CROSS_REFERENCE_KEY", {}),
        ("F42", "INACTIVE_OWNER_OR_USER", {}),
    ],
)
@pytest.mark.parametrize("status", [200, 400])
def test_a_row_that_is_refused_keeps_its_reason_and_holds_nobody_up(
    scene: EmulatedOrg, fault: str, code: str, options: dict[str, Any], status: int
) -> None:
    ids = scene.accounts(5)
    if status == 400:
        scene.fault("F29")
    scene.fault(fault, rows=[ids[2]], **options)
    results = scene.salesforce.update(
        "Account", [RowUpdate(id=id, values={"Tier__c": "tier_1"}) for id in ids]
    )
    assert [result.refusal.code if result.refusal else None for result in results] == [
        None,
        None,
        code,
        None,
        None,
    ]
    refusal = results[2].refusal
    assert refusal is not None
    assert refusal.remedy
    assert "secret" not in refusal.message
    assert scene.tiers(ids) == ["tier_1", "tier_1", None, "tier_1", "tier_1"]


def test_fields_that_may_not_be_written_are_named(scene: EmulatedOrg) -> None:
    ids = scene.accounts(2)
    scene.fault("F38", rows=[ids[0]], fields=["Tier__c", "Score__c"])
    results = scene.salesforce.update(
        "Account", [RowUpdate(id=id, values={"Tier__c": "tier_1"}) for id in ids]
    )
    assert results[0].refusal is not None
    assert results[0].refusal.fields == ("Tier__c", "Score__c")


def test_a_unique_value_names_its_holder(scene: EmulatedOrg) -> None:
    one, two = scene.accounts(2)
    (result,) = scene.salesforce.update("Account", [RowUpdate(id=two, values={"Key__c": "k0"})])
    assert result.refusal is not None
    assert (result.refusal.holder, result.refusal.fields) == (one, ("Key__c",))


def test_a_create_whose_answer_was_lost_is_found_by_its_key(scene: EmulatedOrg) -> None:
    scene.fault("F44", path="/services/data/.*/composite")
    with pytest.raises(Unavailable) as lost:
        scene.salesforce.upsert("Account", "Key__c", [RowUpsert(key="a", values={"Name": "Once"})])
    assert lost.value.maybe_done
    assert list(scene.salesforce.read_by_key("Account", ["Name"], "Key__c", ["a"])) == ["a"]
    found, _ = scene.read()
    assert [record.values["Name"] for record in found.values()] == ["Once"]


def test_a_trigger_that_rewrites_a_value_shows_when_it_is_read_back(scene: EmulatedOrg) -> None:
    (id,) = scene.accounts(1)
    scene.fault("F45", field="Name", rewrite="upper")
    (result,) = scene.salesforce.update("Account", [RowUpdate(id=id, values={"Name": "as written"})])
    record = scene.salesforce.read("Account", ["Name"], [id])[id]
    assert record.values["Name"] == "AS WRITTEN"
    assert result.not_before is not None
    assert record.modified_at >= result.not_before


def test_a_value_of_the_wrong_type_costs_nobody_else_their_write(scene: EmulatedOrg) -> None:
    ids = scene.accounts(60)
    rows = [RowUpdate(id=id, values={"Score__c": 1.5}) for id in ids]
    rows[41] = RowUpdate(id=ids[41], values={"Score__c": "many"})
    results = scene.salesforce.update("Account", rows)
    assert [number for number, result in enumerate(results) if result.refusal is not None] == [41]


def test_a_thousand_rows_cost_one_call_of_the_day(scene: EmulatedOrg) -> None:
    ids = scene.accounts(1000)
    scene.door("calls/reset")
    scene.salesforce.update("Account", [RowUpdate(id=id, values={"Tier__c": "tier_1"}) for id in ids])
    assert sum(scene.routes().values()) == 1


# -- definitions -------------------------------------------------------------------------------------------


def test_a_field_is_invisible_until_it_is_granted(bare: EmulatedOrg) -> None:
    bare.salesforce.create_field("Account", TIER)
    assert bare.salesforce.schema("Account").invisible == {"Tier__c"}
    bare.salesforce.grant("Account", ["Tier__c", "OwnerId", "Name"])
    schema = bare.salesforce.schema("Account")
    assert schema.invisible == frozenset()
    assert schema.fields["Tier__c"].writable


def test_a_grant_that_failed_half_way_is_finished_by_the_next(bare: EmulatedOrg) -> None:
    bare.salesforce.create_field("Account", TIER)
    refused = [{"errorCode": "INSUFFICIENT_ACCESS_OR_READONLY", "message": "insufficient access rights"}]
    bare.door(
        "faults", match={"path": "/services/data/v62.0/composite/sobjects"}, times=1, status=403, body=refused
    )
    with pytest.raises(AuthFailed):
        bare.salesforce.grant("Account", ["Tier__c"])
    bare.salesforce.grant("Account", ["Tier__c"])
    assert bare.salesforce.schema("Account").fields["Tier__c"].writable


def test_an_update_never_deactivates_a_value_that_an_administrator_added(scene: EmulatedOrg) -> None:
    more = FieldDefinition(
        name="Tier__c",
        label="Tier",
        kind=FieldKind.ENUM,
        options=(*TIER.options, OptionDefinition(value="strategic", label="Strategic", order=9)),
    )
    scene.salesforce.update_field("Account", more)
    (id,) = scene.accounts(1)
    scene.salesforce.update("Account", [RowUpdate(id=id, values={"Tier__c": "strategic"})])
    third = OptionDefinition(value="tier_3", label="Tier 3", order=3)
    wanted = FieldDefinition(
        name="Tier__c", label="ABM tier", kind=FieldKind.ENUM, options=(*TIER.options, third)
    )
    scene.salesforce.update_field("Account", wanted)
    options = scene.salesforce.schema("Account").fields["Tier__c"].options
    assert [option.value for option in options if option.active] == [
        "tier_1",
        "tier_2",
        "tier_3",
        "strategic",
    ]
    assert scene.tiers([id]) == ["strategic"]
