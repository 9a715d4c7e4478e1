"""One fault plan for all emulators: what goes wrong, where, how often.

A fault comes by seed (``drop=0.05,seed=7``: the same seed gives the same row of faults) or by command while the
emulator runs (``order``). An emulator asks ``plan.draw(point)`` at each named point and does what it is told.
"""

import random
from collections import deque
from enum import StrEnum
from typing import Final

import msgspec


class FaultKind(StrEnum):
    """What goes wrong."""

    DROP = "drop"  # the bytes, the answer or the connection at this point are lost
    DELAY = "delay"  # everything happens, ``seconds`` later
    CUT = "cut"  # the connection ends after ``after_bytes`` bytes
    DUPLICATE = "duplicate"  # it happens twice
    GARBAGE = "garbage"  # other bytes come instead
    REFUSE = "refuse"  # an answer that says no; ``detail`` names the code
    POWER_LOSS = "power_loss"  # the device goes dark here, for ``seconds`` (until switched on when 0)
    WRONG_CLOCK = "wrong_clock"  # the device's clock is ``seconds`` off from here on


class Point(StrEnum):
    """Where a fault can strike. The three ``register`` steps are the step K of a power loss."""

    BEFORE_SIGN = "register.before_sign"  # the receipt is entered, the fiscal drive has not been asked
    AFTER_SIGN = "register.after_sign"  # the document is in the archive, nobody has been told
    PRINTING = "register.printing"  # the document is signed, the paper is half out
    REQUEST = "face.request"  # a command on its way from the host to the register
    ANSWER = "face.answer"  # the answer on its way back
    OFD_CONNECT = "ofd.connect"
    OFD_REQUEST = "ofd.request"  # a document on its way to the operator
    OFD_ANSWER = "ofd.answer"  # a ticket on its way back
    ACCOUNT_ANSWER = "account.answer"  # an answer of the operator's account API
    LINE = "line"  # a chunk on a null modem


_ON_THE_WIRE: Final = frozenset(
    {FaultKind.DROP, FaultKind.DELAY, FaultKind.CUT, FaultKind.DUPLICATE, FaultKind.GARBAGE, FaultKind.REFUSE}
)
_AT_A_STEP: Final = frozenset(
    {FaultKind.POWER_LOSS, FaultKind.DROP, FaultKind.DELAY, FaultKind.REFUSE, FaultKind.WRONG_CLOCK}
)
POSSIBLE: Final[dict[Point, frozenset[FaultKind]]] = {
    Point.BEFORE_SIGN: _AT_A_STEP,
    Point.AFTER_SIGN: frozenset({FaultKind.POWER_LOSS, FaultKind.DROP, FaultKind.DELAY}),
    Point.PRINTING: frozenset({FaultKind.POWER_LOSS, FaultKind.DROP, FaultKind.DELAY}),
    Point.REQUEST: _ON_THE_WIRE,
    Point.ANSWER: _ON_THE_WIRE - {FaultKind.REFUSE},
    Point.OFD_CONNECT: frozenset({FaultKind.DROP, FaultKind.DELAY}),
    Point.OFD_REQUEST: _ON_THE_WIRE - {FaultKind.REFUSE},
    Point.OFD_ANSWER: _ON_THE_WIRE,
    Point.ACCOUNT_ANSWER: _ON_THE_WIRE,
    Point.LINE: _ON_THE_WIRE - {FaultKind.REFUSE},
}
"""Which kinds make sense where; a kind drawn by seed strikes only at these points."""


class FaultSpecError(ValueError):
    """A fault specification that cannot be read; the text says which part and why (Russian and English)."""


class Fault(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that goes wrong. ``seconds`` is a delay or a dark time, in the emulator's own clock."""

    kind: FaultKind
    seconds: float = 0.0
    after_bytes: int = 0
    detail: str = ""


class Chance(msgspec.Struct, frozen=True, kw_only=True):
    """A fault that strikes with a probability, at one point or (``point`` is None) wherever it is possible."""

    probability: float
    fault: Fault
    point: Point | None = None


class Ordered(msgspec.Struct, kw_only=True):
    """A fault ordered by command: it strikes at ``point`` the next ``times`` times (-1: until cleared)."""

    point: Point
    fault: Fault
    times: int = 1


class FaultPlan:
    """The plan. Ordered faults come first, in order; then chance, drawn from the seed."""

    def __init__(self, chances: tuple[Chance, ...] = (), *, seed: int = 0) -> None:
        self.chances = chances
        self.seed = seed
        self.drawn = 0
        self._random = random.Random(seed)
        self._ordered: deque[Ordered] = deque()

    @classmethod
    def from_spec(cls, spec: str) -> "FaultPlan":
        """Read ``drop=0.05,delay=0.1:0.2s,cut@ofd.answer=0.02:40,seed=7``; raises FaultSpecError."""
        chances: list[Chance] = []
        seed = 0
        for part in filter(None, (p.strip() for p in spec.split(","))):
            name, equals, value = part.partition("=")
            if not equals:
                raise FaultSpecError(f"{part!r}: ожидается имя=вероятность / expected name=probability")
            if name == "seed":
                seed = _whole(part, value)
            else:
                chances.append(_chance(part, name, value))
        return cls(tuple(chances), seed=seed)

    def draw(self, point: Point) -> Fault | None:
        """What goes wrong at this point, now; None when nothing does."""
        ordered = self._next_ordered(point)
        if ordered is not None:
            self.drawn += 1
            return ordered
        for chance in self.chances:
            if _applies(chance, point) and self._random.random() < chance.probability:
                self.drawn += 1
                return chance.fault
        return None

    def order(self, point: Point, fault: Fault, *, times: int = 1) -> None:
        """Make a fault strike the next ``times`` times at a point; raises FaultSpecError if it cannot there."""
        if fault.kind not in POSSIBLE[point]:
            raise FaultSpecError(f"{fault.kind} @ {point}: здесь невозможно / not possible at this point")
        _check_time(str(fault.kind), fault)
        if times == 0 or times < -1:
            raise FaultSpecError(f"times={times}: 1, 2 ... или/or -1")
        self._ordered.append(Ordered(point=point, fault=fault, times=times))

    def reseed(self, spec: str) -> None:
        """Replace what is left to chance by a new specification; what was ordered stays. Raises FaultSpecError."""
        fresh = FaultPlan.from_spec(spec)
        self.chances, self.seed, self._random = fresh.chances, fresh.seed, random.Random(fresh.seed)

    def clear(self) -> None:
        """Take back everything that was ordered or left to chance."""
        self._ordered.clear()
        self.chances = ()

    def pending(self) -> tuple[Ordered, ...]:
        """Ordered faults that have not struck yet."""
        return tuple(self._ordered)

    def _next_ordered(self, point: Point) -> Fault | None:
        for ordered in self._ordered:
            if ordered.point is point:
                if ordered.times > 0:
                    ordered.times -= 1
                if ordered.times == 0:
                    self._ordered.remove(ordered)
                return ordered.fault
        return None


def _applies(chance: Chance, point: Point) -> bool:
    if chance.point is not None:
        return chance.point is point
    return chance.fault.kind in POSSIBLE[point]


def _chance(part: str, name: str, value: str) -> Chance:
    kind_name, _, point_name = name.partition("@")
    probability_text, _, parameter = value.partition(":")
    try:
        kind = FaultKind(kind_name)
        point = Point(point_name) if point_name else None
    except ValueError as error:
        raise FaultSpecError(f"{part!r}: {error}") from error
    if point is not None and kind not in POSSIBLE[point]:
        raise FaultSpecError(f"{part!r}: {kind} невозможно в {point} / not possible there")
    fault = _fault(part, kind, parameter)
    _check_time(part, fault)
    return Chance(probability=_probability(part, probability_text), fault=fault, point=point)


def _check_time(part: str, fault: Fault) -> None:
    """Only a clock can be wrong by a negative time; infinity is no time at all."""
    least = -_LONGEST if fault.kind is FaultKind.WRONG_CLOCK else 0.0
    if not least <= fault.seconds <= _LONGEST or fault.after_bytes < 0:
        raise FaultSpecError(f"{part!r}: недопустимое время или длина / impossible time or length")


def _fault(part: str, kind: FaultKind, parameter: str) -> Fault:
    """The text after the colon: bytes for a cut, a code for a refusal, else seconds."""
    if kind is FaultKind.CUT:
        return Fault(kind=kind, after_bytes=_whole(part, parameter) if parameter else 0)
    if kind is FaultKind.REFUSE:
        return Fault(kind=kind, detail=parameter)
    return Fault(kind=kind, seconds=_seconds(part, parameter) if parameter else _DEFAULT_SECONDS[kind])


_LONGEST: Final = 2_000_000_000.0  # seconds
_DEFAULT_SECONDS: Final = {
    FaultKind.DROP: 0.0,
    FaultKind.DELAY: 1.0,
    FaultKind.DUPLICATE: 0.0,
    FaultKind.GARBAGE: 0.0,
    FaultKind.POWER_LOSS: 5.0,
    FaultKind.WRONG_CLOCK: -3600.0,
}


def _probability(part: str, text: str) -> float:
    try:
        value = float(text)
    except ValueError as error:
        raise FaultSpecError(f"{part!r}: {text!r} не число / is not a number") from error
    if not 0.0 <= value <= 1.0:
        raise FaultSpecError(f"{part!r}: вероятность 0..1 / probability is 0..1")
    return value


def _seconds(part: str, text: str) -> float:
    factor = 0.001 if text.endswith("ms") else 1.0
    try:
        return float(text.removesuffix("ms").removesuffix("s")) * factor
    except ValueError as error:
        raise FaultSpecError(f"{part!r}: {text!r} не время (0.2s, 50ms) / is not a time") from error


def _whole(part: str, text: str) -> int:
    try:
        return int(text)
    except ValueError as error:
        raise FaultSpecError(f"{part!r}: {text!r} не целое / is not a whole number") from error
