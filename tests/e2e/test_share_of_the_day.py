"""The share of the day is kept across processes: every command from cron is a new one."""

from datetime import UTC, datetime
from pathlib import Path

from tests.world import BOTH, World, open_world


def test_a_new_process_goes_on_within_the_share_that_earlier_ones_have_used(tmp_path: Path) -> None:
    with open_world(tmp_path) as world:
        config = world.config.read_text(encoding="utf-8")
        assert world.run("provision", "apply", "--yes").code == 0
        world.clock.advance(25 * 3600)
        world.config.write_text(
            config.replace("    kind: salesforce\n", "    kind: salesforce\n    quota_share: 0.0001\n"),
            encoding="utf-8",
        )
        codes: list[int] = []
        for _ in range(6):
            world.clock.advance(60)
            codes.append(world.run("sync").code)
        # Ten calls are our share of 100,000; a Run of its own never comes near them.
        assert codes[0] == 0
        assert codes[-1] == 1
        refused = world.run("sync")
        assert "quota_share" in refused.text
        world.clock.advance(25 * 3600)
        assert world.run("sync").code == 0


def used(world: World, system: str) -> int:
    """What `tandem status` tells of the System's day."""
    told: int = world.run("status", "--json").json["calls_of_the_day"][system]["used"]
    return told


def counted(world: World, system: str) -> int:
    """What the CRM itself has counted."""
    server = world.salesforce if system == "salesforce" else world.hubspot
    told: int = server.calls()["api"]
    return told


def test_the_calls_of_every_command_are_counted_as_the_crm_counts_them(tmp_path: Path) -> None:
    """Runs alone were; provisioning and the doctor took their calls beside the share."""
    with open_world(tmp_path) as world:
        # No ledger to count in: the first command that makes one counts from there.
        assert world.run("provision", "apply", "--yes").code == 0
        before = {system: used(world, system) - counted(world, system) for system in BOTH}
        for words in (
            ["doctor"],
            ["provision", "plan"],
            ["stages", "check"],
            ["plan"],
            ["sync"],
            ["sync", "--full"],
            ["outcomes", "pull"],
            ["provision", "apply", "--yes", "--probe"],
        ):
            world.clock.advance(60)
            world.run(*words)
            for system in BOTH:
                assert used(world, system) - counted(world, system) == before[system], words


def test_near_the_share_a_command_says_so_and_at_its_end_stops(tmp_path: Path) -> None:
    with open_world(tmp_path) as world:
        config = world.config.read_text(encoding="utf-8")
        assert world.run("provision", "apply", "--yes").code == 0
        share = used(world, "salesforce") + 6
        world.config.write_text(
            config.replace(
                "    kind: salesforce\n",
                f"    kind: salesforce\n    quota_share: {(share + 0.5) / 100_000}\n",
            ),
            encoding="utf-8",
        )
        warned = world.run("provision", "plan")
        assert warned.code == 0
        assert f"{share - 1} of Tandem's {share} calls of the day are used" in warned.text
        refused = world.run("provision", "plan")
        assert refused.code == 1
        assert f"{share} of our {share} calls a day are used" in refused.text
        assert f"{share} of Tandem's {share} calls of the day are used" in world.run("status").text
        assert used(world, "salesforce") == share


def test_the_day_of_a_portal_begins_at_its_own_midnight(tmp_path: Path) -> None:
    with open_world(tmp_path) as world:
        world.clock.set(datetime(2026, 3, 3, 4, 30, tzinfo=UTC))
        world.run("sync")
        assert used(world, "hubspot") == counted(world, "hubspot") > 0
        before = counted(world, "hubspot")
        world.clock.set(datetime(2026, 3, 3, 5, 1, tzinfo=UTC))
        rolling = used(world, "salesforce")
        assert used(world, "hubspot") == 0
        world.run("sync")
        assert used(world, "hubspot") == counted(world, "hubspot") - before, (
            before,
            counted(world, "hubspot"),
        )
        assert used(world, "salesforce") > rolling
