"""The Engine that a command works with, as the configuration has it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from connector.base import Connector
from provision.fields.write_probe import take_back
from sync.engine import Engine
from sync.ledger.ledger import Ledger
from sync.planning.build import Rules
from sync.settings.load import Settings


def engine_over(
    ledger: Ledger,
    settings: Settings,
    connectors: Mapping[str, Connector],
    *,
    clock: Callable[[], datetime],
    stop: Callable[[], bool],
    in_flight: int,
    beat: Callable[[], None],
) -> Engine:
    """An Engine over this ledger; ``beat`` renews whichever lease the command holds."""
    rules = Rules(
        fields=settings.mapping.fields,
        scope=settings.scope,
        score_field=settings.scores.field,
        score_max_age=settings.scores.max_age,
    )
    engine = Engine(
        connectors,
        ledger,
        settings.mapping,
        rules,
        clock=clock,
        stop=stop,
        in_flight=in_flight,
        at_start=take_back,
    )
    engine.beat = beat
    return engine
