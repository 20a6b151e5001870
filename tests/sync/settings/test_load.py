"""What is wrong with the Systems in tandem.yaml is told all at once, each with its line and with what to write."""

from __future__ import annotations

from pathlib import Path

import pytest

from sync.errors import SettingsError
from sync.settings.load import load
from sync.settings.secrets import Secret
from sync.settings.systems import AccessTokenAuth, ClientCredentialsAuth, HubSpotSystem, SalesforceSystem

SALESFORCE = """\
  sales:
    kind: salesforce
    auth: {method: client_credentials, client_id: env:A, client_secret: env:B}
"""
HUBSPOT = """\
  marketing:
    kind: hubspot
    auth: {method: access_token, access_token: env:T}
"""
KINDS = "Use one of salesforce, hubspot."
METHODS = "Use one of client_credentials, jwt_bearer, refresh_token, password."


def problems(folder: Path, systems: str, more: str = "") -> list[str]:
    path = folder / "tandem.yaml"
    path.write_text(f"systems:\n{systems}{more}", encoding="utf-8")
    with pytest.raises(SettingsError) as caught:
        load(path)
    assert caught.value.remedy == "Fix these and run the command again."
    return [problem.removeprefix("tandem.yaml:") for problem in caught.value.problems]


def test_a_kind_and_a_method_say_what_a_system_is(tmp_path: Path) -> None:
    path = tmp_path / "tandem.yaml"
    path.write_text(f"systems:\n{SALESFORCE}{HUBSPOT}", encoding="utf-8")
    found = load(path).systems
    assert [type(system) for system in found.values()] == [SalesforceSystem, HubSpotSystem]
    assert [type(system.auth) for system in found.values()] == [ClientCredentialsAuth, AccessTokenAuth]


@pytest.mark.parametrize(
    ("systems", "told"),
    [
        ("  sf:\n    auth: {method: password}\n", [f"2: systems.sf.kind is missing. {KINDS}"]),
        ("  sf:\n    kind: dynamics\n", [f"3: systems.sf.kind is 'dynamics'. {KINDS}"]),
        ("  sf:\n    kind: 5\n", [f"3: systems.sf.kind is '5'. {KINDS}"]),
        ("  sf:\n", [f"2: systems.sf.kind is missing. {KINDS}"]),
        ("  sf: here\n", [f"2: systems.sf.kind is missing. {KINDS}"]),
        ("  - sf\n", ["1: systems. Input should be a valid dictionary."]),
        ("  sf:\n    kind: salesforce\n", [f"2: systems.sf.auth.method is missing. {METHODS}"]),
        ("  sf:\n    kind: salesforce\n    auth:\n", [f"4: systems.sf.auth.method is missing. {METHODS}"]),
        ("  sf:\n    kind: salesforce\n    auth: x\n", [f"4: systems.sf.auth.method is missing. {METHODS}"]),
        (
            "  sf:\n    kind: salesforce\n    auth: {method: access_token, access_token: env:A}\n",
            [f"4: systems.sf.auth.method is 'access_token'. {METHODS}"],
        ),
        (
            "  sf:\n    kind: salesforce\n    auth:\n      client_id: env:A\n      method: jwt_bearer\n",
            [
                "4: systems.sf.auth.username is missing. Add username.",
                "4: systems.sf.auth.private_key is missing. Add private_key.",
            ],
        ),
        (
            "  hs:\n    kind: hubspot\n    bulk_from: 3\n    auth: {method: access_token, access_token: pat-1}\n",
            [
                (
                    "5: systems.hs.auth.access_token cannot be used. Write env:NAME, file:PATH, keyring:NAME or "
                    "credential:NAME, never the secret itself."
                ),
                (
                    "4: unknown key systems.hs.bulk_from. Known here: kind, base_url, api_version, burst, auth, "
                    "expect_portal_id, quota_share."
                ),
            ],
        ),
        (
            "  hs:\n    kind: hubspot\n    auth:\n      method: access_token\n      acces_token: env:T\n",
            [
                "4: systems.hs.auth.access_token is missing. Add access_token.",
                "6: unknown key systems.hs.auth.acces_token. Did you mean access_token?",
            ],
        ),
    ],
)
def test_what_is_wrong_with_a_system_is_told_with_its_line(
    tmp_path: Path, systems: str, told: list[str]
) -> None:
    assert problems(tmp_path, systems) == told


def test_the_name_of_a_system_is_no_kind_and_the_problems_of_all_are_told(tmp_path: Path) -> None:
    systems = """\
  salesforce:
    kind: salesforce
    quota_share: 2
    auth: {method: password, username: u, password: env:P, extra: 1}
  password:
    kind: hubspot
    burst: many
    auth: {method: pasword}
"""
    assert problems(tmp_path, systems, "guard: {max_changes: 0}\n") == [
        "5: unknown key systems.salesforce.auth.extra. Known here: method, username, password, security_token.",
        "4: systems.salesforce.quota_share is 2. Input should be less than or equal to 1.",
        "8: systems.password.burst is 'many'. Input should be a valid integer, unable to parse string as an integer.",
        "9: systems.password.auth.method is 'pasword'. Use one of access_token, refresh_token.",
        "10: guard.max_changes is 0. Input should be greater than or equal to 1.",
    ]


# -- network -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("network", "told"),
    [
        ("{proxy: 3128}", "network.proxy cannot be used. Write http://HOST:PORT"),
        ("{proxy: ''}", "network.proxy cannot be used. Write http://HOST:PORT"),
        ("{proxy: 'http://jo:geheim@proxy:3128'}", "Write no user and password here"),
        ("{proxy: 'env:'}", "Write env:NAME, file:PATH, keyring:NAME"),
        ("{ca_bundel: ca.pem}", "network.ca_bundel"),
    ],
)
def test_what_is_wrong_with_the_network_is_told_with_its_line(
    tmp_path: Path, network: str, told: str
) -> None:
    (problem,) = problems(tmp_path, SALESFORCE, f"network: {network}\n")
    assert problem.startswith("5: ")
    assert told in problem
    assert "geheim" not in problem


def test_a_proxy_is_an_address_or_the_place_of_one(tmp_path: Path) -> None:
    path = tmp_path / "tandem.yaml"
    for written, read in (
        ("http://proxy:3128", "http://proxy:3128"),
        ("env:PROXY", Secret.parse("env:PROXY")),
    ):
        path.write_text(f"systems:\n{SALESFORCE}network: {{proxy: '{written}'}}\n", encoding="utf-8")
        assert load(path).network.proxy == read
