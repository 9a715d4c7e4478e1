"""Passwords of the doors that are called under a login: kept as argon2id, and right ones remembered a while.

Modules that ask for a new token before each receipt would else cost tens of milliseconds a time.
"""

import hashlib
from typing import Final

import anyio
import anyio.to_thread
from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError

# OWASP's second choice for argon2id: 19 MiB and two passes.
_HASHER: Final = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
_REMEMBERED: Final = 1000
_AT_ONCE: Final = 2  # guesses must not take the machine's memory or its threads
PASSWORD_MOST: Final = 1024


def hashed(password: str) -> str:
    """The argon2id hash to keep; takes tens of milliseconds. Raises ValueError when the password is too long."""
    if not 0 < len(password) <= PASSWORD_MOST:
        raise ValueError(f"a password has 1 to {PASSWORD_MOST} characters")
    return _HASHER.hash(password)


def is_hash(text: str) -> bool:
    """Is it a hash that ``hashed`` could have made?"""
    try:
        _HASHER.check_needs_rehash(text)
    except InvalidHashError:
        return False
    return text.startswith("$argon2id$")


class Passwords:
    """Compares passwords for one node."""

    def __init__(self) -> None:
        self._right: dict[bytes, None] = {}
        self._limit: anyio.CapacityLimiter | None = None

    async def right(self, kept: str, given: str) -> bool:
        """Is it the password of this hash?"""
        if len(given) > PASSWORD_MOST:
            return False
        key = hashlib.sha256(f"{kept}\0{given}".encode("utf-8", "surrogatepass")).digest()
        if key in self._right:
            return True
        if self._limit is None:
            self._limit = anyio.CapacityLimiter(_AT_ONCE)
        if not await anyio.to_thread.run_sync(_matches, kept, given, limiter=self._limit):
            return False
        if len(self._right) >= _REMEMBERED:
            self._right.clear()
        self._right[key] = None
        return True


def _matches(kept: str, given: str) -> bool:
    try:
        return _HASHER.verify(kept, given)
    except (Argon2Error, InvalidHashError, UnicodeEncodeError):
        return False
