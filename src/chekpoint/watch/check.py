"""What a check is: it looks at what is stored and says what is wrong now.

A check never asks anybody: what must be asked outside (a site, a certificate, a cabinet) is a probe that stores its
answer, and the check judges the stored answer. So every check can be told again from the database, and tested with
rows alone.
"""

from collections.abc import Callable, Iterable
from typing import NamedTuple

from chekpoint.hub.causes import Trait
from chekpoint.hub.kinds import Words as Title
from chekpoint.store.incidents import Words
from chekpoint.store.journal import Tx
from chekpoint.watch.thresholds import Thresholds


class Finding(NamedTuple):
    """One thing that is wrong now. ``since``: the moment of its evidence, milliseconds UTC; None: seen first now."""

    subject: str
    words: Words
    since: int | None = None


Look = Callable[[Tx, Thresholds], Iterable[Finding]]


class Check(NamedTuple):
    """One check. ``number`` is its row in docs/watch.md.

    An incident opens when a finding has lasted ``grace`` seconds, and closes when it has been away for ``recovery``.
    ``follows``: its words count something (days that are left, say), and are written anew whenever they change.
    """

    number: int
    kind: str
    title: Title
    trait: Trait
    look: Look
    grace: float = 0.0
    grace_from: str = ""  # the threshold that sets the grace, where a person may change it
    recovery: float = 0.0
    every: float = 5.0  # seconds between two looks
    follows: bool = False
