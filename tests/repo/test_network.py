import socket
import threading
from pathlib import Path

import pytest
import requests

from tests.network import OutsideWorldError, stays_here

# An address that is set aside for documentation: nothing answers there, should the refusal ever fail.
ELSEWHERE = "192.0.2.1"


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "127.1.2.3", "::1", "localhost", b"localhost", "0.0.0.0", "", None]
)
def test_this_machine_is_reachable(host: object) -> None:
    assert stays_here(host)


@pytest.mark.parametrize(
    "host", [ELSEWHERE, "10.0.0.1", "2001:db8::1", "crm.example", b"crm.example", "127.0.0.1.example"]
)
def test_everything_else_is_not(host: object) -> None:
    assert not stays_here(host)


def test_a_connection_to_another_machine_is_refused() -> None:
    with socket.socket() as connection, pytest.raises(OutsideWorldError):
        connection.connect((ELSEWHERE, 80))


def test_a_datagram_to_another_machine_is_refused() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender, pytest.raises(OutsideWorldError):
        sender.sendto(b"hello", (ELSEWHERE, 9))


def test_a_name_of_another_machine_is_not_looked_up() -> None:
    with pytest.raises(OutsideWorldError):
        socket.getaddrinfo("crm.example", 443)


def test_no_library_forgives_the_refusal() -> None:
    with pytest.raises(OutsideWorldError):
        requests.get(f"http://{ELSEWHERE}/", timeout=1)


def test_a_thread_is_refused_too() -> None:
    refusals: list[Exception] = []

    def leave() -> None:
        try:
            socket.create_connection((ELSEWHERE, 80), timeout=1)
        except OutsideWorldError as refusal:
            refusals.append(refusal)

    thread = threading.Thread(target=leave)
    thread.start()
    thread.join()
    assert len(refusals) == 1


def test_a_server_of_this_machine_answers() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        socket.create_connection(server.getsockname()) as client,
    ):
        connection, _ = server.accept()
        with connection:
            client.sendall(b"hello")
            assert connection.recv(5) == b"hello"


def test_a_unix_socket_has_no_host_to_refuse(tmp_path: Path) -> None:
    path = str(tmp_path / "socket")
    with socket.socket(socket.AF_UNIX) as server, socket.socket(socket.AF_UNIX) as client:
        server.bind(path)
        server.listen()
        client.connect(path)
        assert client.getpeername() == path
