"""The Engine that a command works with, as the configuration has it."""

from __future__ import annotations

from commands.app import App
from provision.fields.write_probe import take_back
from sync.engine import Engine
from sync.ledger.ledger import Ledger
from sync.planning.build import Rules


def engine_over(app: App, ledger: Ledger) -> Engine:
    """An Engine over this ledger, which renews whichever lease the command holds."""
    settings = app.settings
    rules = Rules(
        fields=settings.mapping.fields,
        scope=settings.scope,
        score_field=settings.scores.field,
        score_max_age=settings.scores.max_age,
    )
    engine = Engine(
        app.connectors,
        ledger,
        settings.mapping,
        rules,
        clock=app.clock,
        stop=app.stop,
        in_flight=app.in_flight,
        at_start=take_back,
    )
    engine.beat = app.keep_lease
    return engine
