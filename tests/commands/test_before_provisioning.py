"""What somebody is told who plans before the fields are there."""

from tests.world import World


def test_a_plan_before_provisioning_says_to_provision(world: World) -> None:
    ran = world.run("plan")
    assert ran.code == 1
    assert "no field Tandem_Id__c, Target_Account__c, ABM_Tier__c" in ran.text
    assert "tandem provision" in ran.text
