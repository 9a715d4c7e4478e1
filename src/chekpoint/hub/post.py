"""What all lanes of one hub share."""

from random import Random

from chekpoint.core.clock import Clock
from chekpoint.hub.barrier import Barrier
from chekpoint.hub.bell import Bell
from chekpoint.hub.limits import Limits
from chekpoint.hub.names import Keys
from chekpoint.hub.pulse import Pulse
from chekpoint.store.store import Store


class Post:
    """The surroundings of a lane: where it writes, how it tells time, whom it wakes."""

    def __init__(self, store: Store, clock: Clock, chance: Random, *, node: str, limits: Limits) -> None:
        self.store, self.clock, self.chance, self.node, self.limits = store, clock, chance, node, limits
        self.keys = Keys(clock, chance)
        self.bell = Bell(clock)
        self.barrier = Barrier()
        self.pulse = Pulse(clock)
