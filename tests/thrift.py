"""What thousands of tests in one process need not do each for itself. Nothing here changes what Tandem does."""

from __future__ import annotations

import gc
from typing import Any

import sqlalchemy
from sqlalchemy import Engine

from sync.ledger import engines

#: Dialects of SQLite, and statements compiled for them: by the URL that engines were made with.
_SHARED: dict[str, tuple[Engine, dict[Any, Any]]] = {}


def install() -> None:
    """SQLAlchemy keeps compiled statements with each engine, and a test opens several ledgers: compiling was a fifth of
    what a test cost. A process of Tandem's opens one ledger and has nothing to share."""
    engines.create_engine = _create_engine  # type: ignore[attr-defined]


def _create_engine(url: sqlalchemy.URL | str, **how: Any) -> Engine:
    engine = sqlalchemy.create_engine(url, **how)
    if engine.dialect.name == "sqlite":
        first, compiled = _SHARED.setdefault(str(url), (engine, {}))
        engine.dialect = first.dialect
        engine.update_execution_options(compiled_cache=compiled)
    return engine


def settle() -> None:
    """What was imported stays for good: the garbage collector need not walk through it again and again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)
