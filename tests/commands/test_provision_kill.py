"""An apply that breaks off after any request is finished by the next one."""

from pathlib import Path

import pytest

from tests.world import World, open_world

#: More than every write that one CRM is sent; the last ones break nothing.
MOST = 13


def finish(world: World) -> None:
    """What a person does after a break: clear the fault, look, apply again."""
    for server in (world.salesforce, world.hubspot):
        server.app.state.faults.clear()
    world.clock.advance(600)
    again = world.run("provision", "apply", "--yes")
    assert again.code == 0, again.text
    world.clock.advance(600)
    assert world.run("provision", "plan").code == 0


@pytest.mark.parametrize("name", ["salesforce", "hubspot"])
def test_an_apply_that_breaks_off_after_any_write_is_finished_by_the_next(tmp_path: Path, name: str) -> None:
    broke = 0
    for done in range(MOST):
        folder = tmp_path / str(done)
        folder.mkdir()
        with open_world(folder, systems=[name]) as world:
            server = world.salesforce if name == "salesforce" else world.hubspot
            path = r".*/(tooling/sobjects|sobjects|composite/sobjects|properties)(/.*)?"
            server.fault(drop="after", match={"method": "POST", "path": path}, times=99, after=done)
            first = world.run("provision", "apply", "--yes")
            broke += first.code != 0
            finish(world)
            if first.code == 0:
                break
    assert broke >= 1
