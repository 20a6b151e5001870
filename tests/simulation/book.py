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
    #: Link -> all records, as (System, record), that ever belonged to it or were written for it.
    members: dict[str, set[tuple[str, str]]]
    #: Link -> field -> what the CRMs agreed on last.
    bases: dict[str, Mapping[str, Value]]
    #: Link and (System, record) -> when the record was linked first.
    linked: dict[tuple[str, tuple[str, str]], datetime]
    #: Link -> the website that it was made for.
    domains: dict[str, str]
    #: (System, record) -> field -> value.
    current: dict[tuple[str, str], Mapping[str, Value]]
    #: (Link, field) -> System -> value, of the Conflicts that stand.
    conflicts: dict[tuple[str, str], dict[str, Value]]
    #: (Link, System, field or empty) -> message.
    held: dict[tuple[str, str, str], str]
    #: (Link or record, System, field) -> values that Tandem replaced, as it knew, and when at last.
    replaced: dict[tuple[str, str, str], list[tuple[Value, datetime]]]
    #: (Link, field) -> values of people that Tandem had written over and brought back to be decided.
    covered: dict[tuple[str, str], set[Value]]
    #: Records of which somebody was asked whether they are one account with others, and those whose Link has ended.
    waiting: set[tuple[str, str]]


def read_links(ledger: Path) -> dict[str, dict[str, str]]:
    """The Links that are open, and their records: Link -> System -> record."""
    with closing(sqlite3.connect(ledger)) as database:
        links: dict[str, dict[str, str]] = {
            id: {} for (id,) in database.execute("SELECT id FROM links WHERE closed_at IS NULL")
        }
        for system, id, link in database.execute(
            "SELECT system, id, link_id FROM records WHERE state = 'present' AND link_id IS NOT NULL"
        ):
            if link in links:
                links[link][system] = id
    return links


def read_book(ledger: Path) -> Book:
    links = read_links(ledger)
    with closing(sqlite3.connect(ledger)) as database:
        database.row_factory = sqlite3.Row

        def rows(query: str) -> list[sqlite3.Row]:
            return database.execute(query).fetchall()

        current: dict[tuple[str, str], Mapping[str, Value]] = {}
        for row in rows("SELECT * FROM records WHERE state = 'present'"):
            current[row["system"], row["id"]] = json.loads(row["current"])
        replaced: dict[tuple[str, str, str], list[tuple[Value, datetime]]] = {}
        for row in rows("SELECT * FROM events WHERE kind IN ('overruled', 'covered')"):
            told = (meant(row["field"], row["old"]), datetime.fromisoformat(row["at"]))
            replaced.setdefault((row["link_id"], row["system"], row["field"]), []).append(told)
        for row in rows("SELECT * FROM writes WHERE state <> 'refused'"):
            for name, written in json.loads(row["fields"]).items():
                told = (
                    meant(name, written["expected"]),
                    datetime.fromisoformat(row["settled_at"] or row["intended_at"]),
                )
                for key in (row["link_id"], row["native_id"]):
                    replaced.setdefault((key, row["system"], name), []).append(told)
        members: dict[str, set[tuple[str, str]]] = {}
        for row in rows(
            "SELECT link_id, system, new AS record FROM events WHERE kind = 'linked'"
            " UNION SELECT link_id, system, native_id FROM writes WHERE native_id IS NOT NULL"
            " UNION SELECT link_id, system, id FROM records WHERE link_id IS NOT NULL"
        ):
            members.setdefault(row["link_id"], set()).add((row["system"], row["record"]))
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
            members=members,
            bases={
                row["id"]: {name: meant(name, value) for name, value in json.loads(row["base"]).items()}
                for row in rows("SELECT id, base FROM links")
            },
            linked={
                (row["link_id"], (row["system"], row["new"])): datetime.fromisoformat(row["first"])
                for row in rows(
                    "SELECT link_id, system, new, min(at) AS first FROM events WHERE kind = 'linked'"
                    " GROUP BY link_id, system, new"
                )
            },
            domains={row["id"]: row["domain"] for row in rows("SELECT id, domain FROM links")},
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
            covered=covered,
            waiting=waiting,
        )


def meant(name: str, value: Value) -> Value:
    """A value of the ledger as people see it."""
    if name == "target_account":
        return "true" if value == "true" else "false"
    return f"{float(value):g}" if name == "engagement_score" and value is not None else value
