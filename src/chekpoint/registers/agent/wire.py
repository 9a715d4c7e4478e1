"""What hub and agent say to each other: JSON texts over one WebSocket. Bytes in, messages out; no socket here.

The hub speaks first (``Welcome``), the agent answers with ``Hello``. Then the hub asks and the agent answers, many
questions at once, told apart by their numbers. ``Beat`` goes round every few seconds: it proves the link and tells
the agent how old a question is, for a question that was stuck on its way must not be begun (``Welcome.fresh``).
"""

from typing import Any, Final, Literal, TypeAlias

import msgspec

from chekpoint.core.errors import (
    BlockReason,
    NotSent,
    OutcomeUnknown,
    RegisterBlocked,
    RegisterError,
    Rejected,
)
from chekpoint.core.ports import (
    Absent,
    Attempt,
    Errand,
    ExchangeReading,
    Fact,
    FiscalDocument,
    Registered,
    RegisterStatus,
    Ticket,
)

PROTOCOL: Final = 1
PATH: Final = "/agent/v1"
LARGEST: Final = 16 << 20  # octets of one message: a locate() that has read many documents tells each of them
UNREADABLE: Final = 4400  # codes that close a connection
REVOKED: Final = 4401
SLOW: Final = 4408
REPLACED: Final = 4409
OLD: Final = 4426  # another version of this protocol

Method = Literal[
    "status", "submit", "locate", "document", "open_shift", "close_shift", "run", "exchange", "ticket"
]
ACTING: Final[frozenset[Method]] = frozenset({"submit", "open_shift", "close_shift", "run"})
"""Methods after which, the answer being lost, a document may be there, or money gone."""


class WireError(Exception):
    """The other side said something that is no message."""


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """Base of everything that is sent. Moments are milliseconds since 1970 UTC by the sender's clock."""


class Welcome(Message, frozen=True, kw_only=True, tag="welcome"):
    """The hub's first word: who has connected.

    ``fresh``: how old a question may be that is begun; ``silence``: after how long without a word from the hub the
    connection is dead. Seconds.
    """

    agent: str
    node: str
    version: str
    at: int
    fresh: float
    silence: float


class Knock(Message, frozen=True, kw_only=True):
    """The answer to a self-check over plain HTTP. ``connected``: an agent with this key is connected now."""

    agent: str
    node: str
    version: str
    at: int
    connected: bool


class Beat(Message, frozen=True, kw_only=True, tag="beat"):
    """The hub's moment; the agent sends it back unchanged, at once."""

    at: int


class Ask(Message, frozen=True, kw_only=True, tag="ask"):
    """One question to one register. ``patience``: seconds that it may wait for an earlier one to end."""

    id: int
    at: int
    patience: float
    method: Method
    maker: str
    config: dict[str, Any]
    attempt: Attempt | None = None
    errand: Errand | None = None
    fd_number: int | None = None


class GiveUp(Message, frozen=True, kw_only=True, tag="give_up"):
    """Nobody waits for this answer any more: what has not begun must not begin."""

    id: int


class Hello(Message, frozen=True, kw_only=True, tag="hello"):
    """The agent's answer to ``Welcome`` (``echo`` is its moment). ``instance`` names one run of the program."""

    protocol: int
    version: str
    instance: str
    at: int
    echo: int


class FoundRegister(Fact, frozen=True, kw_only=True):
    """A register (or something that may be one) beside the agent, with the settings that reach it."""

    maker: str
    where: str  # for people: 127.0.0.1:16732, COM3
    config: dict[str, Any]
    status: RegisterStatus | None = None
    problem: str = ""  # why it did not tell its state


class Said(Fact, frozen=True, kw_only=True):
    """The register's own words about an errand."""

    text: str


class Report(Message, frozen=True, kw_only=True, tag="found"):
    """What the agent has found beside itself."""

    found: tuple[FoundRegister, ...]


class Fault(Fact, frozen=True, kw_only=True):
    """An error of core/errors.py by its name."""

    name: Literal["NotSent", "Rejected", "OutcomeUnknown", "RegisterBlocked"]
    message: str
    code: str | None = None
    reason: BlockReason | None = None


class Answer(Message, frozen=True, kw_only=True, tag="answer"):
    """The result by its type's name, or the fault; and every raw exchange with the register on the way to it."""

    id: int
    kind: str = "nothing"
    result: msgspec.Raw = msgspec.Raw(b"null")
    fault: Fault | None = None
    notes: tuple[tuple[str, str], ...] = ()


FromHub: TypeAlias = Welcome | Beat | Ask | GiveUp
FromAgent: TypeAlias = Hello | Beat | Report | Answer

_ENCODER: Final = msgspec.json.Encoder()
_FROM_HUB: Final = msgspec.json.Decoder(FromHub)
_FROM_AGENT: Final = msgspec.json.Decoder(FromAgent)
_KINDS: Final[dict[str, type[Fact]]] = {
    kind.__name__: kind
    for kind in (RegisterStatus, Registered, Absent, FiscalDocument, ExchangeReading, Ticket, Said)
}
_RESULTS: Final[dict[Method, frozenset[str]]] = {
    "status": frozenset({"RegisterStatus"}),
    "submit": frozenset({"Registered"}),
    "locate": frozenset({"Registered", "Absent"}),
    "document": frozenset({"FiscalDocument", "nothing"}),
    "open_shift": frozenset({"FiscalDocument", "nothing"}),
    "close_shift": frozenset({"FiscalDocument", "nothing"}),
    "run": frozenset({"Said"}),
    "exchange": frozenset({"ExchangeReading"}),
    "ticket": frozenset({"Ticket", "nothing"}),
}


def encode(message: FromHub | FromAgent) -> str:
    """One message as the text of one frame."""
    return _ENCODER.encode(message).decode()


def from_hub(text: str | bytes) -> FromHub:
    """What the hub said; raises WireError."""
    try:
        said: FromHub = _FROM_HUB.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError) as fault:
        raise WireError(str(fault)) from fault
    return said


def from_agent(text: str | bytes) -> FromAgent:
    """What the agent said; raises WireError."""
    try:
        said: FromAgent = _FROM_AGENT.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError) as fault:
        raise WireError(str(fault)) from fault
    return said


def answered(ask: int, result: Fact | None, notes: tuple[tuple[str, str], ...] = ()) -> Answer:
    """The answer that carries a result."""
    if result is None:
        return Answer(id=ask, notes=notes)
    raw = msgspec.Raw(_ENCODER.encode(result))
    return Answer(id=ask, kind=type(result).__name__, result=raw, notes=notes)


def failed(ask: int, error: RegisterError, notes: tuple[tuple[str, str], ...] = ()) -> Answer:
    """The answer that carries an error of the tree."""
    for kind, name in _NAMES:
        if isinstance(error, kind):
            reason = error.reason if isinstance(error, RegisterBlocked) else None
            fault = Fault(name=name, message=error.message, code=error.code, reason=reason)
            return Answer(id=ask, fault=fault, notes=notes)
    return failed(ask, OutcomeUnknown(error.message, code=error.code), notes)


_NAMES: Final[
    tuple[
        tuple[type[RegisterError], Literal["NotSent", "Rejected", "OutcomeUnknown", "RegisterBlocked"]], ...
    ]
] = (
    (NotSent, "NotSent"),
    (Rejected, "Rejected"),
    (OutcomeUnknown, "OutcomeUnknown"),
    (RegisterBlocked, "RegisterBlocked"),
)


def outcome(method: Method, answer: Answer) -> Any:
    """The result of a method; raises what the register raised, and WireError when the answer does not fit."""
    if answer.fault is not None:
        raise _raised(answer.fault)
    if answer.kind not in _RESULTS[method]:
        raise WireError(f"{method}: {answer.kind}")
    if answer.kind == "nothing":
        return None
    try:
        return msgspec.json.decode(answer.result, type=_KINDS[answer.kind])
    except msgspec.DecodeError as fault:
        raise WireError(f"{answer.kind}: {fault}") from fault


def _raised(fault: Fault) -> RegisterError:
    if fault.name == "RegisterBlocked":
        return RegisterBlocked(fault.reason or BlockReason.UNKNOWN, fault.message, code=fault.code)
    kinds = {name: kind for kind, name in _NAMES}
    return kinds[fault.name](fault.message, code=fault.code)
