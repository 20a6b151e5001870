from pathlib import Path

import pytest

from emulator.kit.state import StateFile


def test_what_was_put_is_there_after_the_file_is_opened_again(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    first = StateFile(path)
    first.put("record", "1", {"name": "Acme"})
    first.close()
    again = StateFile(path)
    assert again.load("record") == {"1": {"name": "Acme"}}
    again.close()


def test_a_transaction_that_fails_keeps_nothing() -> None:
    state = StateFile()
    state.put("record", "1", {"name": "Acme"})
    with pytest.raises(RuntimeError), state.transaction():  # noqa: PT012 - the whole block is the request
        state.put("record", "1", {"name": "Other"})
        state.put("record", "2", {"name": "New"})
        raise RuntimeError
    assert state.load("record") == {"1": {"name": "Acme"}}
    state.put("record", "3", {})
    assert set(state.load("record")) == {"1", "3"}


def test_an_inner_transaction_is_part_of_the_outer_one() -> None:
    state = StateFile()
    with pytest.raises(RuntimeError), state.transaction():  # noqa: PT012 - the whole block is the request
        with state.transaction():
            state.put("record", "1", {})
        raise RuntimeError
    assert state.is_empty()


def test_an_edit_after_the_put_counts_when_the_transaction_ends() -> None:
    state = StateFile()
    with state.transaction():
        doc = {"name": "Acme"}
        state.put("record", "1", doc)
        doc["name"] = "Acme Ltd"
    assert state.load("record")["1"] == {"name": "Acme Ltd"}


def test_rewind_returns_to_the_mark() -> None:
    state = StateFile()
    state.put_many("record", [("1", "one"), ("2", "two"), ("3", "three")])
    state.mark()
    state.put("record", "1", "changed")
    state.put("record", "1", "changed again")
    state.delete("record", "2")
    state.put("record", "4", "four")
    state.rewind()
    assert state.load("record") == {"1": "one", "2": "two", "3": "three"}
    state.put("record", "3", "changed after the rewind")
    state.rewind()
    assert state.load("record")["3"] == "three"


def test_clear_forgets_everything_until_the_next_rewind() -> None:
    state = StateFile()
    state.put("record", "1", "one")
    state.mark()
    state.put("record", "2", "two")
    state.clear()
    assert state.is_empty()
    state.put("record", "3", "three")
    state.rewind()
    assert state.load("record") == {"1": "one"}
