"""What a seed means: how many parties, and which kinds of trouble come over them."""

from random import Random

import msgspec


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """Drawn once from the seed. Times are virtual seconds."""

    tills: tuple[str, ...]  # bare | v1 | v2
    ffd: str
    nodes: int
    orders: int
    storm: float
    badness: float  # of the network
    device: float  # chance of a fault at each step of a register
    deaths: int
    hangs: int
    troubles: int
    strangers: int
    jumps: int
    operator_troubles: int
    swaps: int
    cancels: float
    restore: (
        str | None
    )  # None | head: the file beside the database tells | asked: a person says so | bare: nobody does
    old_shift: bool  # the registers' shifts are about to be 24 h old


def plan_of(seed: int) -> Plan:
    """The same seed, the same plan."""
    chance = Random(f"plan/{seed}")
    kinds = chance.choice((("bare",), ("bare",), ("v2",), ("v1",), ("bare", "v2"), ("v1", "v2")))
    count = chance.choice((1, 2, 2, 3))
    restore = chance.choice((None, None, None, None, "head", "asked", "bare"))
    return Plan(
        tills=tuple(chance.choice(kinds) for _ in range(count)),
        ffd=chance.choice(("1.2", "1.2", "1.05")),
        nodes=chance.choice((1, 1, 2)),
        orders=chance.randrange(4, 14),
        storm=chance.choice((60.0, 240.0, 600.0)),
        badness=chance.choice((0.0, 0.05, 0.15, 0.3)),
        device=chance.choice((0.0, 0.03, 0.15)),
        deaths=chance.choice((0, 1, 2, 4, 8)),
        hangs=chance.choice((0, 0, 1, 3)),
        troubles=chance.choice((0, 2, 6)),
        strangers=chance.choice((0, 0, 1, 4)),
        jumps=chance.choice((0, 0, 1, 3)),
        operator_troubles=chance.choice((0, 1, 3)),
        swaps=chance.choice((0, 0, 0, 1)),
        cancels=chance.choice((0.0, 0.2)),
        restore=restore,
        old_shift=chance.random() < 0.25,
    )
