"""Refuse the outside world, and only it: a test that reaches past this machine fails, whatever library it went through.

An audit hook sees every thread and every library, and nothing that a test does can lift it. A process that a test
starts is not covered.
"""

import ipaddress
import socket
import sys
from typing import Any


class OutsideWorldError(RuntimeError):
    """A test tried to leave this machine.

    No OSError on purpose: code that retries or forgives network errors must not hide it.
    """


def stays_here(host: object) -> bool:
    """Whether a host, as the socket module takes it, is this machine."""
    if host is None:
        return True
    name = host.decode() if isinstance(host, bytes | bytearray) else str(host)
    if name in {"", "localhost", socket.gethostname()}:
        return True
    try:
        address = ipaddress.ip_address(name.partition("%")[0])
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified


def refuse_outside_world(event: str, args: tuple[Any, ...]) -> None:
    """Audit hook: raise OutsideWorldError for a connection, a datagram or a name look-up beyond this machine."""
    if not event.startswith("socket."):
        return
    host: object = None
    if event in {"socket.connect", "socket.sendto", "socket.sendmsg"}:
        # A path (unix socket) or nothing (already connected) has no host; anything else starts with it.
        host = args[1][0] if isinstance(args[1], tuple) else None
    elif event in {"socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr"}:
        host = args[0]
    if not stays_here(host):
        raise OutsideWorldError(
            f"{event} to {host!r}: tests reach this machine only; use an emulator or a double"
        )


def install() -> None:
    """Refuse the outside world from here to the end of this process."""
    sys.addaudithook(refuse_outside_world)
