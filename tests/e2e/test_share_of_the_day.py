"""The share of the day is kept across processes: every command from cron is a new one."""

from pathlib import Path

from tests.world import open_world


def test_a_new_process_goes_on_within_the_share_that_earlier_ones_have_used(tmp_path: Path) -> None:
    with open_world(tmp_path) as world:
        config = world.config.read_text(encoding="utf-8")
        assert world.run("provision", "apply", "--yes").code == 0
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
