"""What the configuration says of the network reaches both Connectors, and what is wrong with it is told at once."""

from pathlib import Path
from typing import Any

import certifi
import pytest

import crms
from connector.clock import Pace
from sync.errors import SettingsError
from sync.settings.load import Settings, load

SYSTEMS = """\
systems:
  salesforce:
    kind: salesforce
    login_url: https://acme.my.salesforce.com
    auth: {method: client_credentials, client_id: env:SF_ID, client_secret: env:SF_SECRET}
  hubspot:
    kind: hubspot
    auth: {method: access_token, access_token: env:HS_TOKEN}
"""


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SF_ID", "SF_SECRET", "HS_TOKEN"):
        monkeypatch.setenv(name, "something")
    for name in ("HTTPS_PROXY", "https_proxy", "NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)


def settings(folder: Path, network: str) -> Settings:
    path = folder / "tandem.yaml"
    path.write_text(f"{SYSTEMS}network: {network}\n", encoding="utf-8")
    return load(path)


def test_one_setting_of_the_network_reaches_both_crms(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "ca.pem").write_bytes(Path(certifi.where()).read_bytes())
    monkeypatch.setenv("CORPORATE", "http://jo:geheim@proxy:3128")
    made: dict[str, Any] = crms.connect(
        settings(tmp_path, "{ca_bundle: ca.pem, proxy: env:CORPORATE}"), Pace.real()
    )
    session = made["salesforce"]._session._http
    pool = made["hubspot"]._transport._api.rest_client.pool_manager
    bundle = str(tmp_path / "ca.pem")
    assert (session.verify, pool.connection_pool_kw["ca_certs"]) == (bundle, bundle)
    proxy = "http://jo:geheim@proxy:3128"
    assert (session.proxies, pool.proxy.url) == ({"https://acme.my.salesforce.com": proxy}, proxy)
    for connector in made.values():
        connector.close()


def test_everything_that_is_wrong_with_network_and_secrets_is_told_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("HS_TOKEN")
    monkeypatch.setenv("CORPORATE", "jo:geheim@proxy")
    with pytest.raises(SettingsError) as caught:
        crms.connect(settings(tmp_path, "{ca_bundle: ca.pem, proxy: env:CORPORATE}"), Pace.real())
    told = "\n".join(caught.value.problems)
    assert len(caught.value.problems) == 3
    assert "network.ca_bundle names" in told
    assert "network.proxy is no address of a proxy" in told
    assert "env:HS_TOKEN is not set" in told
    assert "geheim" not in told
