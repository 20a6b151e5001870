import os
import select
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import requests
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from emulator.kit.server import serve
from emulator.kit.state import StateFile

REPO = Path(__file__).parents[3]

PROGRAM = """
import sys
from starlette.responses import JSONResponse
from starlette.routing import Route
from emulator.kit.clock import Clock
from emulator.kit.faults import FaultBook
from emulator.kit.gate import assemble
from emulator.kit.server import run_forever
from emulator.kit.state import StateFile

state = StateFile(sys.argv[1])

async def add(request):
    for part in ("first", "second"):
        state.put("thing", f"{request.path_params['id']}-{part}", {})
    return JSONResponse(sorted(state.load("thing")))

clock = Clock(state)
app = assemble([Route("/thing/{id}", add, methods=["POST"])], state=state, clock=clock,
               faults=FaultBook(clock), reset=lambda empty: None)
run_forever([(app, 0)], started=lambda urls: print(urls[0], flush=True))
"""


def _start(path: Path) -> tuple[subprocess.Popen[str], str]:
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(path)], cwd=REPO, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout
    ready, _, _ = select.select([process.stdout], [], [], 30)
    assert ready, "the emulator said nothing within 30 seconds"
    return process, process.stdout.readline().strip()


def test_a_killed_server_has_kept_every_answered_write(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    process, base = _start(path)
    with requests.Session() as session:
        session.trust_env = False
        for number in range(20):
            session.post(f"{base}/thing/{number}", timeout=10)
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    state = StateFile(path)
    kept = {key.partition("-")[0] for key in state.load("thing")}
    assert kept == {str(number) for number in range(20)}
    assert len(state.load("thing")) == 40
    state.close()


def test_a_served_process_ends_when_told(tmp_path: Path) -> None:
    process, _ = _start(tmp_path / "state.db")
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=30)
    assert process.returncode == 0


def test_a_port_in_use_is_said_in_words() -> None:
    async def hello(_request: object) -> PlainTextResponse:
        return PlainTextResponse("hello")

    app = Starlette(routes=[Route("/", hello)])
    with serve(app) as base:
        port = int(base.rsplit(":", 1)[1])
        with pytest.raises(OSError, match=f"127.0.0.1:{port} cannot be listened on"), serve(app, port=port):
            pass
