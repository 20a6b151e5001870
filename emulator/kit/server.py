"""Serve an emulator on loopback: in a thread for tests and the demo, or for good from the command line."""

import asyncio
import signal
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager

import uvicorn
from starlette.types import ASGIApp, Scope
from uvicorn.protocols.http.h11_impl import H11Protocol

_MAX_HEAD = 128 * 1024
"""Bytes of request line and headers: above what the CRMs refuse, so that their own 414 is what a client sees."""

_transports: dict[tuple[str, int], asyncio.Transport] = {}


class ConnectionDropped(ConnectionError):
    """The connection was to be closed without an answer, and there is no connection: an in-process client."""


class _Protocol(H11Protocol):
    """Remembers the transport of each client, so that a fault can hang up on it."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if self.client:
            _transports[self.client] = transport

    def connection_lost(self, exc: Exception | None) -> None:
        if self.client:
            _transports.pop(self.client, None)
        super().connection_lost(exc)


async def drop_connection(scope: Scope) -> None:
    """Hang up on the client of this request without a byte of answer."""
    transport = _transports.get(tuple(scope.get("client") or ("", 0)))
    if transport is None:
        raise ConnectionDropped("the connection was dropped on purpose")
    transport.abort()
    # One turn of the loop lets the protocol learn that the client is gone, else it reports an answer never started.
    await asyncio.sleep(0)
    await asyncio.sleep(0)


class _Server(uvicorn.Server):
    """Stops at once when it is told to; uvicorn's own looks every tenth of a second, and waits another one."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = threading.Event()
        self._told: asyncio.Event | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    async def main_loop(self) -> None:
        self._told, self._loop = asyncio.Event(), asyncio.get_running_loop()
        self.ready.set()
        await self._told.wait()

    def stop(self) -> None:
        """From any thread."""
        self.should_exit = True
        if self._told is not None and self._loop is not None:
            self._loop.call_soon_threadsafe(self._told.set)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for server in self.servers:
            server.close()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        # Idle connections are gone after a turn of the loop; answers that are on their way are waited for.
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        if self.server_state.connections or self.server_state.tasks:
            await super().shutdown(sockets)


def _config(app: ASGIApp, **more: object) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        http=_Protocol,
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        date_header=False,
        timeout_graceful_shutdown=1,
        h11_max_incomplete_event_size=_MAX_HEAD,
        **more,  # type: ignore[arg-type]
    )


def _listen(host: str, port: int) -> socket.socket:
    # asyncio turns Nagle's wait off only where the protocol is named; with it each answer would take 40 ms longer.
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind((host, port))
    except OSError as error:
        sock.close()
        problem = f"{host}:{port} cannot be listened on ({error.strerror}): choose another port"
        raise OSError(error.errno, problem) from error
    return sock


@contextmanager
def serve(app: ASGIApp, host: str = "127.0.0.1", port: int = 0) -> Iterator[str]:
    """Serve `app` in a thread and yield its base address (`http://127.0.0.1:PORT`); port 0 takes a free one."""
    sock = _listen(host, port)
    server = _Server(_config(app))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [sock]}, name="emulator", daemon=True)
    thread.start()
    try:
        if not server.ready.wait(timeout=30):
            raise TimeoutError("the emulator did not start within 30 seconds")
        yield f"http://{host}:{sock.getsockname()[1]}"
    finally:
        server.stop()
        thread.join(timeout=10)
        sock.close()


def run_forever(
    apps: Sequence[tuple[ASGIApp, int]],
    host: str = "127.0.0.1",
    started: Callable[[Sequence[str]], None] = lambda _urls: None,
) -> None:
    """Serve each app on its port until Ctrl-C or SIGTERM; `started` is told the base addresses. Main thread only."""
    told_to_stop = threading.Event()
    with ExitStack() as stack:
        for number in (signal.SIGINT, signal.SIGTERM):
            previous = signal.signal(number, lambda _number, _frame: told_to_stop.set())
            stack.callback(signal.signal, number, previous)
        started([stack.enter_context(serve(app, host, port)) for app, port in apps])
        told_to_stop.wait()
