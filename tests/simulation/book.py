"""What the ledger says, read as text by somebody who does not know the engine."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from tests.simulation.fields import Value


@dataclass(slots=True, kw_only=True)
class Book:
    """What the ledger says."""

    #: Link -> System -> record.
    links: dict[str, dict[str, str]]
    #: Link -> the website that it was made for.
    domains: dict[str, str]
    #: Link -> field -> the value that the CRMs last agreed on.
    bases: dict[str, Mapping[str, Value]]
    #: (System, record) -> field -> value.
    current: dict[tuple[str, str], Mapping[str, Value]]
    #: (Link, field) -> System -> value, of the Conflicts that stand.
    conflicts: dict[tuple[str, str], dict[str, Value]]
    #: (Link, System, field or empty) -> message.
    held: dict[tuple[str, str, str], str]
    #: (Link or record, System, field) -> values that Tandem replaced, as it knew, and when.
    replaced: dict[tuple[str, str, str], list[tuple[Value, datetime]]]
    #: (System, record, field) -> values that Tandem wrote there.
    written: dict[tuple[str, str, str], set[Value]]
    #: (Link, field) -> values of people that Tandem had written over and brought back to be decided.
    covered: dict[tuple[str, str], set[Value]]
    #: Records of which somebody was asked whether they are one account with others, and those whose Link has ended.
    waiting: set[tuple[str, str]]

    def link_of(self, system: str, record: str) -> str | None:
        return next((id for id, members in self.links.items() if members.get(system) == record), None)


def read_book(ledger: Path) -> Book:
    with closing(sqlite3.connect(ledger)) as database:
        database.row_factory = sqlite3.Row

        def rows(query: str) -> list[sqlite3.Row]:
            return database.execute(query).fetchall()

        links: dict[str, dict[str, str]] = {
            row["id"]: {} for row in rows("SELECT id FROM links WHERE closed_at IS NULL")
        }
        current: dict[tuple[str, str], Mapping[str, Value]] = {}
        for row in rows("SELECT * FROM records WHERE state = 'present'"):
            current[row["system"], row["id"]] = json.loads(row["current"])
            if row["link_id"] in links:
                links[row["link_id"]][row["system"]] = row["id"]
        replaced: dict[tuple[str, str, str], list[tuple[Value, datetime]]] = {}
        for row in rows("SELECT * FROM events WHERE kind IN ('overruled', 'covered')"):
            told = (meant(row["field"], row["old"]), datetime.fromisoformat(row["at"]))
            replaced.setdefault((row["link_id"], row["system"], row["field"]), []).append(told)
        brought: dict[tuple[str, str, str], set[Value]] = {}
        for row in rows("SELECT * FROM writes WHERE state <> 'refused'"):
            for name, written in json.loads(row["fields"]).items():
                told = (meant(name, written["expected"]), datetime.fromisoformat(row["intended_at"]))
                place = (row["system"], row["native_id"], name)
                brought.setdefault(place, set()).add(meant(name, written["value"]))
                for key in (row["link_id"], row["native_id"]):
                    replaced.setdefault((key, row["system"], name), []).append(told)
        covered: dict[tuple[str, str], set[Value]] = {}
        for row in rows("SELECT * FROM events WHERE kind = 'covered'"):
            covered.setdefault((row["link_id"], row["field"]), set()).add(meant(row["field"], row["old"]))
        closed = {
            told
            for row in rows("SELECT * FROM links WHERE closed_at IS NOT NULL")
            for told in (row["id"], row["domain"])
        }
        waiting = {
            (row["system"], row["id"])
            for row in rows("SELECT * FROM records WHERE link_id IS NULL")
            if not closed.isdisjoint({row["tandem_id"], row["domain"]} - {None})
        }
        for row in rows("SELECT members FROM matches"):
            waiting |= {(system, id) for system, id in json.loads(row["members"])}
        return Book(
            links=links,
            domains={row["id"]: row["domain"] for row in rows("SELECT id, domain FROM links")},
            bases={
                row["id"]: {name: meant(name, value) for name, value in json.loads(row["base"]).items()}
                for row in rows("SELECT id, base FROM links WHERE closed_at IS NULL")
            },
            current=current,
            conflicts={
                (row["link_id"], row["field"]): {
                    system: meant(row["field"], side["value"])
                    for system, side in json.loads(row["sides"]).items()
                }
                for row in rows("SELECT * FROM conflicts WHERE state <> 'closed'")
            },
            held={
                (row["link_id"], row["system"], row["field"]): row["message"]
                for row in rows("SELECT * FROM held")
            },
            replaced=replaced,
            written=brought,
            covered=covered,
            waiting=waiting,
        )


def meant(name: str, value: Value) -> Value:
    """A value of the ledger as people see it."""
    if name == "target_account":
        return "true" if value == "true" else "false"
    return f"{float(value):g}" if name == "engagement_score" and value is not None else value
