"""SOAP envelopes: XML to plain values and back. Pure.

An element with children becomes a dict, a repeated one a list, `xsi:nil` None, the rest text. The type that
`xsi:type` names is kept under the key TYPE.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from lxml import etree

from emulator.salesforce.errors import RecordError

SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
XSI = "http://www.w3.org/2001/XMLSchema-instance"
#: the key of a dict that holds the element's `xsi:type`, without its prefix
TYPE = "@type"
_ATTRIBUTES = 'xmlns:soapenv="' + SOAP + '" xmlns:xsi="' + XSI + '"'


class NotSoap(ValueError):
    """The body is no SOAP message."""


class SoapFault(Exception):
    """A refused SOAP call: the fault code is `sf:` and the code."""

    def __init__(self, code: str, message: str, *, kind: str = "UnexpectedErrorFault") -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        #: the WSDL's fault element, for the partner API's detail
        self.kind = kind


@dataclass(frozen=True, kw_only=True, slots=True)
class Message:
    """A request: the operation's name, its arguments, and the headers by name."""

    operation: str
    namespace: str
    arguments: dict[str, Any]
    headers: dict[str, Any] = field(default_factory=dict)

    @property
    def session(self) -> str:
        """The session id of the SessionHeader, or an empty text."""
        header = self.headers.get("SessionHeader")
        return str(header.get("sessionId") or "") if isinstance(header, dict) else ""


def read(body: bytes) -> Message:
    """Read a request. Raises NotSoap."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, remove_comments=True, remove_pis=True)
    try:
        root = etree.fromstring(body, parser)
    except etree.XMLSyntaxError as error:
        raise NotSoap(str(error)) from error
    if root.tag != f"{{{SOAP}}}Envelope":
        raise NotSoap(f"the root is {root.tag}, not a SOAP envelope")
    whole, head = root.find(f"{{{SOAP}}}Body"), root.find(f"{{{SOAP}}}Header")
    if whole is None or not len(whole):
        raise NotSoap("the envelope has no body")
    name = etree.QName(whole[0])
    arguments = value_of(whole[0])
    headers = {etree.QName(item).localname: value_of(item) for item in head} if head is not None else {}
    return Message(
        operation=name.localname,
        namespace=name.namespace or "",
        arguments=arguments if isinstance(arguments, dict) else {},
        headers=headers,
    )


def value_of(element: etree._Element) -> Any:
    """An element as a plain value."""
    if element.get(f"{{{XSI}}}nil") in ("true", "1"):
        return None
    kind = element.get(f"{{{XSI}}}type")
    if not len(element) and kind is None:
        return element.text or ""
    found: dict[str, Any] = {TYPE: kind.rpartition(":")[2]} if kind else {}
    for child in element:
        name, value = etree.QName(child).localname, value_of(child)
        if name not in found:
            found[name] = value
        elif isinstance(found[name], list):
            found[name].append(value)
        else:
            found[name] = [found[name], value]
    if not len(element):
        return element.text or ""
    return found


def response(operation: str, namespace: str, result: str, *, header: str = "") -> str:
    """The envelope of an answer; `result` is its inner XML, `header` the XML of its headers."""
    inner = f'<{operation}Response xmlns="{namespace}">{result}</{operation}Response>'
    return _envelope(inner, header=f"<soapenv:Header>{header}</soapenv:Header>" if header else "")


def fault(error: SoapFault, namespace: str, *, detailed: bool) -> str:
    """The envelope of a refusal, with the partner API's detail if asked for."""
    code, text = error.code, _escaped(f"{error.code}: {error.message}")
    detail = ""
    if detailed:
        detail = (
            f'<detail><sf:{error.kind} xsi:type="sf:{error.kind}"><sf:exceptionCode>{code}</sf:exceptionCode>'
            f"<sf:exceptionMessage>{_escaped(error.message)}</sf:exceptionMessage></sf:{error.kind}></detail>"
        )
    return _envelope(
        f"<soapenv:Fault><faultcode>sf:{code}</faultcode><faultstring>{text}</faultstring>{detail}</soapenv:Fault>",
        f' xmlns:sf="{namespace}"',
    )


def _envelope(inner: str, more: str = "", *, header: str = "") -> str:
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><soapenv:Envelope {_ATTRIBUTES}{more}>'
        f"{header}<soapenv:Body>{inner}</soapenv:Body></soapenv:Envelope>"
    )


def elements(values: Mapping[str, Any]) -> str:
    """A mapping as XML, in its own order: lists repeat their element, None becomes `xsi:nil`."""
    return "".join(_element(name, value) for name, value in values.items() if name != TYPE)


def _element(name: str, value: Any) -> str:
    if isinstance(value, list | tuple):
        return "".join(_element(name, item) for item in value)
    if value is None:
        return f'<{name} xsi:nil="true"/>'
    if isinstance(value, Mapping):
        kind = f' xsi:type="{value[TYPE]}"' if TYPE in value else ""
        return f"<{name}{kind}>{elements(value)}</{name}>"
    if isinstance(value, bool):
        return f"<{name}>{'true' if value else 'false'}</{name}>"
    return f"<{name}>{_escaped(str(value))}</{name}>"


def errors(error: RecordError) -> list[dict[str, Any]]:
    """What stands against a record or a component, in the words of a result's `errors`."""
    return [
        {"fields": list(problem.fields), "message": problem.message, "statusCode": problem.code}
        for problem in error.problems
    ]


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
