"""The wire under the frames: TCP or a serial port, behind one small shape."""

import asyncio
from typing import Final, Protocol

import anyio
import serialx
from anyio.abc import SocketStream

_CHUNK: Final = 4096


class LinkLost(Exception):
    """The wire does not carry any more (or never did)."""


class ByteStream(Protocol):
    """Bytes both ways. ``receive`` gives at least one byte; both raise LinkLost at the end."""

    async def send(self, octets: bytes) -> None:
        """Hand everything to the wire."""
        ...

    async def receive(self) -> bytes:
        """Wait for some bytes."""
        ...

    async def aclose(self) -> None:
        """Let go; never raises."""
        ...


class TcpStream:
    """A TCP connection; Nagle is off (the event loop does that), or each control byte would wait 40 ms."""

    def __init__(self, stream: SocketStream) -> None:
        self._stream = stream

    async def send(self, octets: bytes) -> None:
        try:
            await self._stream.send(octets)
        except (anyio.BrokenResourceError, anyio.ClosedResourceError, OSError) as fault:
            raise LinkLost(f"соединение прервано: {fault}") from fault

    async def receive(self) -> bytes:
        try:
            return await self._stream.receive(_CHUNK)
        except anyio.EndOfStream as fault:
            raise LinkLost("ККТ закрыла соединение") from fault
        except (anyio.BrokenResourceError, anyio.ClosedResourceError, OSError) as fault:
            raise LinkLost(f"соединение прервано: {fault}") from fault

    async def aclose(self) -> None:
        await anyio.aclose_forcefully(self._stream)


class SerialStream:
    """A serial port, 8N1. Exclusive: a second writer would make the numbers of documents lie."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    async def send(self, octets: bytes) -> None:
        try:
            self._writer.write(octets)
            await self._writer.drain()
        except OSError as fault:
            raise LinkLost(f"порт отключён: {fault}") from fault

    async def receive(self) -> bytes:
        try:
            octets = await self._reader.read(_CHUNK)
        except OSError as fault:
            raise LinkLost(f"порт отключён: {fault}") from fault
        if not octets:
            raise LinkLost("порт закрыт")
        return octets

    async def aclose(self) -> None:
        self._writer.close()


async def open_tcp(host: str, port: int) -> ByteStream:
    """Connect; raises LinkLost."""
    try:
        return TcpStream(await anyio.connect_tcp(host, port))
    except OSError as fault:
        raise LinkLost(f"нет соединения с {host}:{port}: {fault}") from fault


async def open_serial(path: str, baudrate: int) -> ByteStream:
    """Open the port; raises LinkLost."""
    try:
        reader, writer = await serialx.open_serial_connection(url=path, baudrate=baudrate, exclusive=True)
    except (OSError, ValueError) as fault:
        raise LinkLost(f"порт {path} не открыт: {fault}") from fault
    return SerialStream(reader, writer)
