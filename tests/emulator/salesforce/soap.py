"""SOAP as tests send it: zeep on the vendors' own WSDL, and bare envelopes."""

from pathlib import Path
from typing import Any

import requests
import zeep
from zeep import Settings

from tests.emulator.salesforce.client import Api

#: zeep's own functions have no types
Client: Any = zeep.Client
Transport: Any = zeep.Transport

ENVELOPE = (
    '<?xml version="1.0"?><e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/">'
    "<e:Header>{header}</e:Header><e:Body>{body}</e:Body></e:Envelope>"
)


def bare(api: Api, path: str, body: str, header: str = "") -> requests.Response:
    """Post an envelope without any client's help."""
    text = ENVELOPE.format(header=header, body=body)
    headers = {"Content-Type": "text/xml", "SOAPAction": '""'}
    return api.call("POST", f"/services/Soap/{path}", data=text.encode(), headers=headers)


def token(api: Api) -> str:
    return str(api.session.headers["Authorization"]).removeprefix("Bearer ")


class Soap:
    """A zeep client on one WSDL, pointed at the emulator, with a session header on each call."""

    def __init__(self, api: Api, wsdl: Path, binding: str, path: str) -> None:
        session = requests.Session()
        session.trust_env = False
        # Strict: an answer that the WSDL does not allow is an error.
        self.client = Client(
            str(wsdl),
            transport=Transport(session=session),
            settings=Settings(strict=True, xml_huge_tree=True),
        )
        self.service = self.client.create_service(binding, f"{api.server}/services/Soap/{path}")
        self.headers: Any = None
        self.namespace = binding[1 : binding.index("}")]
        self.header: Any = self.client.get_element(f"{{{self.namespace}}}SessionHeader")(sessionId=token(api))

    def call(self, operation: str, *args: Any, **named: Any) -> Any:
        answered = getattr(self.service, operation)(*args, **named, _soapheaders=[self.header])
        # Where the WSDL knows headers of the answer, zeep gives both; they are looked at in `headers`.
        self.headers = getattr(answered, "header", None) if hasattr(answered, "body") else None
        return getattr(answered.body, "result", None) if self.headers is not None else answered

    def make(self, type_name: str, namespace: str | None = None, /, **values: Any) -> Any:
        return self.client.get_type(f"{{{namespace or self.namespace}}}{type_name}")(**values)
