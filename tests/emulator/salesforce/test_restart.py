"""What was answered survives the end of the process."""

from datetime import UTC, datetime
from pathlib import Path

from emulator.kit.clock import Clock
from emulator.kit.state import StateFile
from emulator.salesforce import definitions
from emulator.salesforce.app import build
from emulator.salesforce.data import dml
from emulator.salesforce.data.rules import Rule
from emulator.salesforce.org import Org
from emulator.salesforce.parts import Caller
from tests.emulator.salesforce.client import TARGET, TIER


def _open(path: Path) -> tuple[StateFile, Org]:
    state = StateFile(path)
    org: Org = build(state, Clock.virtual(datetime(2026, 3, 2, tzinfo=UTC))).state.org
    return state, org


def test_an_org_opens_as_it_was_left(tmp_path: Path) -> None:
    path = tmp_path / "org.db"
    state, org = _open(path)
    user = org.find_user("tandem@example.com")
    assert user is not None
    caller = Caller(user_id=user["Id"])
    account = dml.create(org, caller, org.sobject("Account"), {"Name": "Acme"}).id
    gone = dml.create(org, caller, org.sobject("Account"), {"Name": "Gone"}).id
    assert account is not None
    assert gone is not None
    dml.delete(org, caller, org.sobject("Account"), gone)
    definitions.create_field(org, "Account", TIER)
    definitions.create_field(org, "Account", TARGET)
    definitions.rename_stage(org, "Closed Won", "Signed")
    token = org.sessions.open(caller.user_id)
    org.configure(daily_calls=77)
    org.usage.note(5)
    org.unshare([account])
    org.rules.put(Rule(name="lock", sort="lock", records=(account,)))
    rows = {name: dict(org.store.table(name).rows) for name in ("Account", "OpportunityStage", "User")}
    state.close()

    state, again = _open(path)
    assert {name: dict(again.store.table(name).rows) for name in rows} == rows
    assert again.sobject("Account").field(TIER.name) == org.sobject("Account").field(TIER.name)
    assert again.sobject("Opportunity").fields["StageName"] == org.sobject("Opportunity").fields["StageName"]
    assert again.sessions.user_of(token) == caller.user_id
    assert again.settings == org.settings
    assert again.usage.used() == 5
    assert again.unshared == {account}
    assert again.rules.all() == org.rules.all()
    fresh = dml.create(again, caller, again.sobject("Account"), {"Name": "Next"}).id
    assert fresh not in (account, gone)
    state.close()


def test_a_failed_call_leaves_nothing_behind(tmp_path: Path) -> None:
    path = tmp_path / "org.db"
    state, org = _open(path)
    user = org.find_user("tandem@example.com")
    assert user is not None
    asked = [dml.Asked(object=org.sobject("Account"), values={"Name": name}) for name in ("kept?", "")]
    saved = dml.save(org, Caller(user_id=user["Id"]), "create", asked, all_or_none=True)
    assert [item.success for item in saved] == [False, False]
    assert list(org.store.rows("Account")) == []
    state.close()
    state, again = _open(path)
    assert list(again.store.rows("Account")) == []
    state.close()
