"""What the driver and its web server answer -> our facts. Pure.

Three sources of trouble are levelled here: the two generations name the same things differently (flat and
nested errors, ``expiredTime`` and ``expiredAt``), old servers leave parts out, and numbers come as JSON
floats (roubles) while signs come as strings with leading zeros.
"""

import re
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Any, Final

import msgspec

from chekpoint.core.ports import ExchangeReading, FiscalDocument
from chekpoint.fiscal.money import quantity_text, round_half_up
from chekpoint.registers.atol import words

Json = dict[str, Any]

_decoder: Final = msgspec.json.Decoder(float_hook=Decimal)
_TAG: Final = re.compile(r"<[^>]*>")
_QR: Final = re.compile(r"(?:^|&)(\w+)=([^&]*)")
_FISCAL_SIGN: Final = "1077"
_MARK_LENGTH: Final = 16


class Malformed(Exception):
    """The answer is not what the protocol says. Proves nothing either way."""


class TaskStatus(StrEnum):
    """Status of one task. The first three are pending, the rest is final."""

    WAIT = "wait"
    IN_PROGRESS = "inProgress"
    BLOCKED = "blocked"
    READY = "ready"
    ERROR = "error"
    INTERRUPTED = "interrupted"
    CANCELED = "canceled"

    @property
    def pending(self) -> bool:
        """Not final: never send the same thing again under another id."""
        return self in {TaskStatus.WAIT, TaskStatus.IN_PROGRESS, TaskStatus.BLOCKED}


class TaskResult(msgspec.Struct, frozen=True, kw_only=True):
    """State of one task in the server's queue. ``raw`` is the answer verbatim."""

    status: TaskStatus
    code: int
    text: str
    result: Json
    raw: str

    @property
    def fiscal(self) -> Json | None:
        """``fiscalParams`` of a fiscal task; None for any other, so also for a burnt id."""
        return _object(self.result.get("fiscalParams")) or None


class DriveDocument(msgspec.Struct, frozen=True, kw_only=True):
    """A document read back from the fiscal drive. ``short``: only number, sign, kind and total are left."""

    document: FiscalDocument
    short: bool
    marks: tuple[str, ...] = ()  # 1192 and the value of 1084, whichever are there


def parse(body: bytes) -> Any:
    """JSON with numbers kept exact. Raises ``Malformed``."""
    try:
        return _decoder.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as fault:
        raise Malformed(f"ответ не JSON: {fault}") from fault


def error_text(body: bytes) -> tuple[int, str]:
    """Code and text of an HTTP error: JSON of the new server, a HTML page of the old one."""
    try:
        answer = _object(parse(body))
    except Malformed:
        return 0, " ".join(_TAG.sub(" ", body[:4000].decode("utf-8", "replace")).split())[:300]
    error = _object(answer.get("error"))
    return _int(error.get("code")) or 0, str(error.get("description") or error.get("text") or "")


def task_result(body: bytes) -> TaskResult:
    """The first (our only) task of ``GET .../requests/{uuid}``. Raises ``Malformed``."""
    results = _object(parse(body)).get("results")
    if not isinstance(results, list) or not results:
        raise Malformed("в ответе нет results")
    return _task_result(_object(results[0]), body)


def _task_result(entry: Json, body: bytes) -> TaskResult:
    error = _object(entry.get("error"))
    code = error.get("code") if error else entry.get("errorCode")
    try:
        status = TaskStatus(entry.get("status", ""))
    except ValueError as fault:
        raise Malformed(f"неизвестный статус задания {entry.get('status')!r}") from fault
    return TaskResult(
        status=status,
        code=_int(code) or 0,
        text=str(error.get("description") or entry.get("errorDescription") or ""),
        result=_object(entry.get("result")),
        raw=body.decode("utf-8", "replace"),
    )


def registered(result: TaskResult, *, kind: int, document: int) -> FiscalDocument:
    """The fiscal document of a finished receipt or shift task. Raises ``Malformed``.

    ``kind`` is tag 1054 (0 for shift documents), ``document`` its code: the answer repeats neither.
    """
    params = result.fiscal or {}
    fn, number = params.get("fnNumber"), _int(params.get("fiscalDocumentNumber"))
    if not fn or number is None:
        raise Malformed("в fiscalParams нет номера ФН или ФД")
    return FiscalDocument(
        fn=str(fn).strip(),
        fd_number=number,
        fiscal_sign=str(params.get("fiscalDocumentSign", "")).strip(),
        total=_kopecks(params.get("total", 0)),
        made_at=local_time(params.get("fiscalDocumentDateTime")) or "",
        kind=kind,
        document=document,
        shift_number=_int(params.get("shiftNumber")),
        receipt_number=_int(params.get("fiscalReceiptNumber")),
        registration_number=str(params.get("registrationNumber") or "").strip() or None,
    )


def warnings_of(result: TaskResult) -> tuple[str, ...]:
    """Names of the warnings that are set: ``notPrinted``, ``nonFiscal``, ``recovered``. May be absent."""
    warnings = result.result.get("warnings")
    if isinstance(warnings, list):
        return tuple(str(name) for name in warnings)
    return tuple(name for name, value in _object(warnings).items() if value)


def drive_document(result: Json, fn: str) -> DriveDocument:
    """``documentTLV`` of getFnDocument. ``fn`` is used where the document does not name its drive.

    Raises ``Malformed``.
    """
    tlv = _object(result.get("documentTLV"))
    number = _int(tlv.get("1040"))
    if number is None:
        raise Malformed("в документе ФН нет тега 1040")
    qr = str(tlv["qr"]) if tlv.get("qr") else None
    roubles, marks = _unit_is_rouble(tlv, qr), _marks(tlv)
    document = FiscalDocument(
        fn=str(tlv.get("1041") or _qr_field(qr, "fn") or fn).strip(),
        fd_number=number,
        fiscal_sign=_sign(str(tlv.get(_FISCAL_SIGN, "")), short=bool(tlv.get("short"))),
        total=_sum(tlv.get("1020", 0), roubles=roubles),
        made_at=local_time(tlv.get("1012")) or "",
        kind=_int(tlv.get("1054")) or 0,
        document=words.DOCUMENT.get(str(tlv.get("fiscalDocumentType")), 0),
        shift_number=_int(tlv.get("1038")),
        receipt_number=_int(tlv.get("1042")),
        registration_number=str(tlv.get("1037") or "").strip() or None,
        mark=next((mark for mark in marks if len(mark) == _MARK_LENGTH), None),
        items=tuple(_item(item, roubles=roubles) for item in _objects(tlv.get("1059"))),
        qr=qr,
    )
    return DriveDocument(document=document, short=bool(tlv.get("short")), marks=marks)


def _marks(tlv: Json) -> tuple[str, ...]:
    """1192 and the value of 1084: a shop's own text may stand in one and our mark in the other."""
    values = (tlv.get("1192"), _object(tlv.get("1084")).get("1086"))
    return tuple(str(value).strip() for value in values if value)


def _item(item: Json, *, roubles: bool) -> tuple[str, int, str]:
    quantity = _decimal(item.get("1023", 0)).quantize(Decimal("0.000001"))
    return (
        str(item.get("1030") or "").strip(),
        _sum(item.get("1043", 0), roubles=roubles),
        quantity_text(quantity),
    )


def _unit_is_rouble(tlv: Json, qr: str | None) -> bool:
    """The driver gives sums in roubles; the document's own QR (``s=`` is always roubles) proves it."""
    shown = _qr_field(qr, "s")
    return shown is None or _decimal(shown) == _decimal(tlv.get("1020", 0))


def _qr_field(qr: str | None, name: str) -> str | None:
    return dict(_QR.findall(qr)).get(name) if qr else None


def _sign(hexadecimal: str, *, short: bool) -> str:
    """1077: two bytes of frame and four of sign; the short form has the bare number without leading zeros."""
    digits = hexadecimal if short or len(hexadecimal) <= 8 else hexadecimal[4:]
    try:
        return f"{int(digits, 16):010d}"
    except ValueError as fault:
        raise Malformed(f"тег 1077 не шестнадцатеричный: {hexadecimal!r}") from fault


def exchange_reading(answer: Json, fn: str, evidence: str) -> ExchangeReading:
    """Either shape of ofdExchangeStatus -> the counter.

    With an empty queue the head number and date are leftovers (1970-01-01): they are dropped.
    Raises ``Malformed``.
    """
    status = _object(answer.get("status") or answer.get("ofdExchangeStatus"))
    count = _int(status.get("notSentCount"))
    if count is None:
        raise Malformed("в ответе нет notSentCount")
    return ExchangeReading(
        fn=fn,
        unsent_count=count,
        unsent_first_fd=_int(status.get("notSentFirstDocNumber")) if count else None,
        unsent_since=local_time(status.get("notSentFirstDocDateTime")) if count else None,
        evidence=evidence,
    )


def exchange_error(answer: Json) -> str | None:
    """The last error of the exchange with the operator; stale, so None, when nothing waits."""
    status = _object(answer.get("status") or answer.get("ofdExchangeStatus"))
    errors = _object(answer.get("errors") or answer.get("ofdExchangeErrors"))
    if not _int(status.get("notSentCount")):
        return None
    found = (_object(errors.get(part)) for part in ("network", "ofd", "fn"))
    texts = [
        f"{error.get('code')}: {error.get('description', '')}" for error in found if _int(error.get("code"))
    ]
    return "; ".join(texts) or None


def local_time(value: object) -> str | None:
    """``2018-03-06T13:52:00+03:00`` -> ``2018-03-06T13:52:00``: the wall clock; the offset is the PC's."""
    text = str(value or "")[:19]
    return None if not text or text.startswith("1970-") else text


def part(answer: Json, name: str) -> Json:
    """``{"deviceStatus": {...}}`` -> the inner object; an answer without the wrapper is taken as it is."""
    return _object(answer.get(name)) or ({} if name in answer else answer)


def _object(value: object) -> Json:
    return value if isinstance(value, dict) else {}


def _objects(value: object) -> list[Json]:
    """A repeated tag: a list, or the bare object where there is one only."""
    found = value if isinstance(value, list) else [value]
    return [entry for entry in found if isinstance(entry, dict)]


def _int(value: object) -> int | None:
    try:
        return None if value is None or isinstance(value, bool) else int(str(value))
    except ValueError:
        return None


def _decimal(value: object) -> Decimal:
    try:
        number = Decimal(str(value))
    except InvalidOperation as fault:
        raise Malformed(f"не число: {value!r}") from fault
    if not number.is_finite() or abs(number) > 10**13:
        raise Malformed(f"не число: {value!r}")
    return number


def _kopecks(roubles: object) -> int:
    """Roubles as a JSON float -> kopecks: 390.75 may arrive as 390.7500000000001."""
    return round_half_up(_decimal(roubles) * 100)


def _sum(value: object, *, roubles: bool) -> int:
    return _kopecks(value) if roubles else round_half_up(_decimal(value))
