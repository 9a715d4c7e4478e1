"""Reading the service's answers. Whatever is not of the protocol is ``Malformed``."""

import msgspec

from chekpoint.core.ports import Attempt, FiscalDocument
from chekpoint.fiscal import qr
from chekpoint.registers.cloud import Malformed, decoded


class FiscalFields(msgspec.Struct, frozen=True):
    """``fiscal_data``: the fields of the receipt's QR string, as text or as numbers."""

    i: str | int
    fn: str | int
    t: str
    fp: str | int
    s: str | int | float
    n: str | int | None = None

    @property
    def qr(self) -> str:
        """The string as the service gave its fields."""
        kind = "" if self.n is None else f"&n={self.n}"
        return f"t={self.t}&s={self.s}&fn={self.fn}&i={self.i}&fp={self.fp}{kind}"


class Task(msgspec.Struct, frozen=True):
    """A task as it is taken, asked for and called back."""

    external_id: str
    state: str  # new | done | error
    id: int | None = None
    error_description: str | None = None
    fiscal_data: FiscalFields | None = None


class Queue(msgspec.Struct, frozen=True):
    """A queue of the shop."""

    state: str  # active | passive


class Refusal(msgspec.Struct, frozen=True):
    """The body of HTTP 403, 422 and 500."""

    title: str = ""
    code: str | int | None = None
    description: str = ""

    @property
    def text(self) -> str:
        """Everything it says in words."""
        return " ".join(filter(None, (self.title, self.description)))


def read_task(body: bytes) -> Task:
    """Raises Malformed."""
    return decoded(body, Task)


def read_queue(body: bytes) -> Queue:
    """Raises Malformed."""
    return decoded(body, Queue)


def read_refusal(body: bytes) -> Refusal:
    """Never fails: a refusal that cannot be read has no words."""
    try:
        return decoded(body, Refusal)
    except Malformed:
        return Refusal(description=body[:500].decode("utf-8", "replace"))


def document_of(attempt: Attempt, fields: FiscalFields) -> FiscalDocument:
    """The fiscal document of a task that is done; raises Malformed where it cannot be this attempt's."""
    try:
        told = qr.read(fields.qr)
    except qr.QrError as error:
        raise Malformed(error.ru) from error
    receipt = attempt.receipt
    if told.total != receipt.amount:
        raise Malformed(f"в документе другой итог: {fields.s} / the document has another total")
    return FiscalDocument(
        fn=str(fields.fn), fd_number=told.fd_number, fiscal_sign=f"{told.fiscal_sign:010d}", total=told.total,
        made_at=told.made_at.isoformat(), kind=receipt.kind.code, document=31 if receipt.correction is not None else 3,
        qr=fields.qr,
    )  # fmt: skip
