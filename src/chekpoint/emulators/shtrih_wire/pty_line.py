"""The emulated end of a serial line: the master of a pseudo-terminal as a byte stream."""

import errno
import os
import pty
import tty

import anyio


class PtyLine:
    """A raw pseudo-terminal. It has no notion of a connection: hosts come and go, the line stays."""

    def __init__(self) -> None:
        self._master, self._slave = pty.openpty()
        tty.setraw(self._slave)  # held open, so that reading does not fail while no host has it open
        os.set_blocking(self._master, False)
        self.path = os.ttyname(self._slave)
        self._closed = False

    async def receive(self, max_bytes: int = 65536) -> bytes:
        """At least one byte; raises anyio.ClosedResourceError after ``aclose``."""
        while not self._closed:
            await anyio.wait_readable(self._master)
            try:
                return os.read(self._master, max_bytes)
            except BlockingIOError:
                continue
        raise anyio.ClosedResourceError

    async def send(self, item: bytes) -> None:
        """All bytes."""
        while item:
            if self._closed:
                raise anyio.ClosedResourceError
            try:
                item = item[os.write(self._master, item) :]
            except BlockingIOError:
                await anyio.wait_writable(self._master)
            except OSError as error:
                if error.errno != errno.EIO:
                    raise
                raise anyio.BrokenResourceError from error

    async def aclose(self) -> None:
        """Let go of both ends."""
        if not self._closed:
            self._closed = True
            os.close(self._master)
            os.close(self._slave)
