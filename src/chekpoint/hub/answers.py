"""What is seen outside, as it is stored: probes write it, checks judge it, screens show it."""

from typing import Final, TypeVar

import msgspec

from chekpoint.store.probes import Probe

GLANCES_KEPT: Final = 20
T = TypeVar("T", bound="Answer")


class Answer(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Base of what a probe keeps as its body."""


class Fault(Answer, frozen=True, kw_only=True):
    """What is wrong, in words; ``code`` is for programs. ``bad`` False: it works, yet not as it should."""

    code: str
    ru: str
    en: str
    bad: bool = True


class Glance(Answer, frozen=True, kw_only=True):
    """One of the last looks: when (milliseconds UTC), how long it took, how it went."""

    at: int
    ms: int
    ok: bool


class PageAnswer(Answer, frozen=True, kw_only=True):
    """A look at a page. ``url``: where it ended; ``ms``: until the last byte that was wanted."""

    ms: int
    url: str = ""
    status: int | None = None
    fault: Fault | None = None
    glances: tuple[Glance, ...] = ()


class JourneyAnswer(Answer, frozen=True, kw_only=True):
    """A buyer's journey. ``stage``: the step that failed, from 1 (0: none, or none was begun)."""

    ms: int
    stages: int
    stage: int = 0
    url: str = ""
    fault: Fault | None = None
    said: str = ""  # the browser's own words, as evidence
    shot: str | None = None  # name of the screenshot's file
    glances: tuple[Glance, ...] = ()


class CertificateAnswer(Answer, frozen=True, kw_only=True):
    """The certificate that an address shows. ``until``: milliseconds UTC; None: none was seen."""

    whose: tuple[str, ...] = ()  # what lives there: names of sites and the like
    until: int | None = None
    issuer: str = ""
    fault: Fault | None = None


class ReachAnswer(Answer, frozen=True, kw_only=True):
    """Can an address be reached at all?"""

    whose: tuple[str, ...] = ()
    address: str = ""
    ms: int = 0
    fault: Fault | None = None


class CredentialAnswer(Answer, frozen=True, kw_only=True):
    """Something that lets us in and ends. ``until``: milliseconds UTC; None: it cannot be read."""

    whose: str
    name: str  # of the setting
    until: int | None = None
    fault: Fault | None = None


class CabinetRegister(Answer, frozen=True, kw_only=True):
    """One register as an operator's cabinet shows it (see core.ports.OfdRegister)."""

    registration_number: str
    fn: str
    contract_until: str | None = None
    drive_until: str | None = None
    last_document_at: str | None = None
    problem: str = ""


class CabinetAnswer(Answer, frozen=True, kw_only=True):
    """An operator's cabinet. ``registers`` are those of the last answer that came."""

    operator: str
    seller_id: str
    registers: tuple[CabinetRegister, ...] = ()
    answered_at: int | None = None  # milliseconds UTC of that answer
    fault: Fault | None = None


class PingAnswer(Answer, frozen=True, kw_only=True):
    """A sign of life that was sent to somebody outside."""

    alive: bool  # what was said: that we work, or that we do not
    fault: Fault | None = None


def read(kind: type[T], probe: Probe) -> T:
    """The body of a probe; raises msgspec.DecodeError for what no node of this version has written."""
    return msgspec.json.decode(probe.body, type=kind)


def glanced(old: tuple[Glance, ...], new: Glance) -> tuple[Glance, ...]:
    """The last looks with one more."""
    return (*old, new)[-GLANCES_KEPT:]


ENCODE: Final = msgspec.json.Encoder().encode
