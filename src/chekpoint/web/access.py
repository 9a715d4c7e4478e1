"""Who may look: passwords under argon2, few wrong tries, sessions that end with the password.

A session is a signed cookie with the login and a fingerprint of the password's hash: when the password
changes or the user is removed, every session of theirs is over at the next request.
"""

import hashlib
import secrets
from typing import Any, Final, NamedTuple

import anyio.to_thread
from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError
from starlette.requests import Request

from chekpoint.core.clock import Clock
from chekpoint.hub.names import Keys
from chekpoint.store import people, views_people
from chekpoint.store.journal import Tx
from chekpoint.store.store import Store

FIRST_LOGIN: Final = "admin"
TRIES: Final = 5  # wrong passwords of one login from one address
TRIES_OF_ADDRESS: Final = 50
PAUSE: Final = 300.0  # seconds until the tries are forgotten
REMEMBERED: Final = 10_000  # addresses and logins at the most

# OWASP's second choice for argon2id: 19 MiB and two passes, so that a sign-in does not fill a small machine.
_HASHER: Final = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
_ALPHABET: Final = "abcdefghjkmnpqrstuvwxyz23456789"  # nothing that looks like something else


def hashed(password: str) -> str:
    """The argon2id hash to keep; takes tens of milliseconds."""
    return _HASHER.hash(password)


async def first_password(store: Store, keys: Keys) -> str | None:
    """Make the user ``admin`` when there is no user; returns the password, to be printed once, else None."""
    if await store.read(views_people.has_users):
        return None
    password = "-".join("".join(secrets.choice(_ALPHABET) for _ in range(5)) for _ in range(4))
    secret = await anyio.to_thread.run_sync(hashed, password)

    def unit(tx: Tx) -> bool:
        if views_people.has_users(tx):  # another node was quicker
            return False
        people.add_user(tx, keys.new(), FIRST_LOGIN, secret)
        return True

    return password if await store.write(unit) else None


class Person(NamedTuple):
    """Who is signed in."""

    login: str
    mark: str  # fingerprint of the password's hash


class Tries:
    """Wrong passwords, counted in memory for each (login, address) and each address."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._wrong: dict[tuple[str, str], tuple[int, float]] = {}

    def exhausted(self, login: str, address: str) -> bool:
        """Must this one wait?"""
        return self._count(login, address) >= TRIES or self._count("", address) >= TRIES_OF_ADDRESS

    def wrong(self, login: str, address: str) -> None:
        """Count one wrong password."""
        if len(self._wrong) > REMEMBERED:
            self._forget()
        until = self._clock.monotonic() + PAUSE
        for key in ((login, address), ("", address)):
            self._wrong[key] = (self._count(*key) + 1, until)

    def right(self, login: str, address: str) -> None:
        """The right one came: forget this login's wrong ones."""
        self._wrong.pop((login, address), None)

    def _count(self, login: str, address: str) -> int:
        count, until = self._wrong.get((login, address), (0, 0.0))
        return count if self._clock.monotonic() < until else 0

    def _forget(self) -> None:
        now = self._clock.monotonic()
        self._wrong = {key: kept for key, kept in self._wrong.items() if kept[1] > now}
        if len(self._wrong) > REMEMBERED:  # all are fresh: somebody tries them in thousands
            self._wrong.clear()


class Door:
    """Checks passwords and sessions."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self.tries = Tries(clock)
        self._nobody = hashed(secrets.token_hex(16))  # an unknown login must cost the same time
        self._limit: anyio.CapacityLimiter | None = None

    async def check(self, login: str, password: str) -> Person | None:
        """The person with this password, or None."""
        row = await self._store.read(lambda tx: people.user_named(tx, login))
        secret = self._nobody if row is None else str(row[2])
        if self._limit is None:
            self._limit = anyio.CapacityLimiter(2)
        good = await anyio.to_thread.run_sync(_verify, secret, password, limiter=self._limit)
        return Person(str(row[1]), mark(secret)) if good and row is not None else None

    async def who(self, request: Request) -> Person | None:
        """Who is signed in with this request's session, if anyone still is."""
        said: Any = request.session.get("user")
        if not isinstance(said, str):
            return None
        row = await self._store.read(lambda tx: people.user_named(tx, said))
        if row is None or request.session.get("mark") != mark(str(row[2])):
            return None
        return Person(str(row[1]), mark(str(row[2])))


def mark(password_hash: str) -> str:
    """A fingerprint that changes with the password and tells nothing of it."""
    return hashlib.sha256(password_hash.encode()).hexdigest()[:20]


def _verify(secret: str, password: str) -> bool:
    try:
        return _HASHER.verify(secret, password)
    except (Argon2Error, InvalidHashError):
        return False
