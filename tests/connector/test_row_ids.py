"""What is no id of a record reaches no address, statement or batch, and keeps no other row from its place."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.base import RowUpdate, WriteResult
from connector.errors import Rejected
from connector.hubspot.api import row_ids as hubspot
from connector.hubspot.api.paths import Paths
from connector.row_ids import MALFORMED, updated
from connector.salesforce.api import row_ids as salesforce

SOUND = {"salesforce": "001000000000001AAA", "hubspot": "101"}
ASK: dict[str, Callable[[str], bool]] = {"salesforce": salesforce.is_id, "hubspot": hubspot.is_id}
HOSTILE = [
    "",
    ".",
    "..",
    "../x",
    "1/2",
    "1?x=1",
    "1#x",
    "o'neil",
    "' OR Id != '",
    "1\n",
    "1\r\nX-Header: 1",
    "1\0",
    "\u0661\u0662",
    "1\u202e",
    "9" * 5000,
    "001000000000001AA",
    "001000000000001AAA ",
    "001000000000001\u00c4\u00c4\u00c4",
]


def _write(rows: Sequence[RowUpdate]) -> list[WriteResult]:
    return [WriteResult(id=row.id) for row in rows]


@pytest.mark.parametrize("crm", ["salesforce", "hubspot"])
@pytest.mark.parametrize("id", HOSTILE)
def test_what_is_no_id_is_known_for_none(crm: str, id: str) -> None:
    assert not ASK[crm](id)
    assert ASK[crm](SOUND[crm])


@given(
    st.sampled_from(["salesforce", "hubspot"]),
    st.lists(st.none() | st.text(max_size=30) | st.sampled_from(HOSTILE)),
)
def test_a_row_without_an_id_is_refused_alone(crm: str, drawn: list[str | None]) -> None:
    ids = [SOUND[crm] if id is None else id for id in drawn]
    results = updated([RowUpdate(id=id, values={}) for id in ids], ASK[crm], _write)
    assert len(results) == len(ids)
    for id, result in zip(ids, results, strict=True):
        if ASK[crm](id):
            assert result == WriteResult(id=id)
        else:
            assert result.refusal is not None
            assert result.refusal.code == MALFORMED
            assert len(result.refusal.message) < 400


@given(st.text(max_size=60) | st.sampled_from(HOSTILE))
def test_no_name_leads_to_another_address(name: str) -> None:
    whole = Paths().stage("deals", "default", "x")
    try:
        made = Paths().stage("deals", "default", name)
    except Rejected:
        assert name in {"", ".", ".."}
        return
    assert made.count("/") == whole.count("/")
    assert made.isascii()
    assert not {"?", "#", "\\", "\n", " "} & set(made)
