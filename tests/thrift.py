"""What thousands of tests in one process need not do each for itself. Nothing here changes what Tandem does."""

from __future__ import annotations

import gc
from typing import Any

import sqlalchemy
from ruamel.yaml import YAML
from ruamel.yaml.nodes import Node
from sqlalchemy import Engine

from sync.ledger import engines

#: Dialects of SQLite, and statements compiled for them: by the URL that engines were made with.
_SHARED: dict[str, tuple[Engine, dict[Any, Any]]] = {}


#: YAML texts that were read, as the trees that came of them; nothing changes such a tree.
_COMPOSED: dict[str, Node | None] = {}
_compose = YAML.compose


def install() -> None:
    """SQLAlchemy keeps compiled statements with each engine, and a test opens several ledgers: compiling was a fifth of
    what a test cost. A process of Tandem's opens one ledger and has nothing to share. The same goes for its mapping,
    which every command of a test read anew."""
    engines.create_engine = _create_engine  # type: ignore[attr-defined]
    YAML.compose = _compose_once  # type: ignore[method-assign,assignment]


def _compose_once(yaml: YAML, stream: Any) -> Node | None:
    if stream not in _COMPOSED:
        _COMPOSED[stream] = _compose(yaml, stream)
    return _COMPOSED[stream]


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
