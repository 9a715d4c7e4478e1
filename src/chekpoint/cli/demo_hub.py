"""The demonstration's hub: ``chekpoint serve`` as a process of its own, started and ended here."""

import asyncio
import os
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx2

READY_WITHIN = 30.0  # seconds
LIMITS = """
[limits]
io_timeout = 40.0
lease = 60.0
status_every = 5.0
backoff_most = 5.0
operator_every = 1.0
operator_calm = 5.0
"""


class PlayError(Exception):
    """The demonstration cannot go on; the text says why."""


@asynccontextmanager
async def hub_process(data: Path, port: int, *, quiet: bool) -> AsyncIterator[str]:
    """Start the hub on ``port`` (0: a free one) and yield its address once it is ready; raises PlayError."""
    port = _free(port)
    config, log = data / "chekpoint.toml", data / "hub.log"
    config.write_text(f'data = "{data}"\nhost = "127.0.0.1"\nport = {port}\nnode = "hub"\n{LIMITS}', "utf-8")
    with log.open("ab") as errors:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "chekpoint", "serve", "--config", str(config),
            env={k: v for k, v in os.environ.items() if not k.startswith("CHEKPOINT_")},
            stdout=errors if quiet else None, stderr=errors,
        )  # fmt: skip
    try:
        base = f"http://127.0.0.1:{port}"
        await _ready(base, process, log)
        yield base
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


@asynccontextmanager
async def agent_process(data: Path, hub: str, key: str, *, quiet: bool) -> AsyncIterator[None]:
    """``chekpoint agent`` as a process of its own, until the end; killing it is a part of the show."""
    secret = data / "agent.key"
    secret.touch(0o600)
    secret.write_text(key, "ascii")
    with (data / "agent.log").open("ab") as log:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "chekpoint", "agent", "--hub", hub, "--key-file", str(secret), "--page-port", "0",
            env={k: v for k, v in os.environ.items() if not k.startswith("CHEKPOINT_")},
            stdout=log if quiet else None, stderr=log,
        )  # fmt: skip
    try:
        yield
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


def _free(port: int) -> int:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # what has just ended is no hindrance
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise PlayError(
                f"порт {port} занят, укажите --port / port {port} is taken, use --port"
            ) from error
        return int(probe.getsockname()[1])


async def _ready(base: str, process: asyncio.subprocess.Process, log: Path) -> None:
    """Ask until the hub says that it is ready."""
    try:
        async with asyncio.timeout(READY_WITHIN), httpx2.AsyncClient(trust_env=False) as http:
            while process.returncode is None:
                if await _answers(http, f"{base}/readyz"):
                    return
                await asyncio.sleep(0.05)
    except TimeoutError as error:
        raise PlayError(f"хаб не готов, см. {log} / the hub is not ready, see {log}") from error
    raise PlayError(f"хаб не запустился, см. {log} / the hub did not start, see {log}")


async def _answers(http: httpx2.AsyncClient, url: str) -> bool:
    try:
        return (await http.get(url)).is_success
    except httpx2.TransportError:
        return False
