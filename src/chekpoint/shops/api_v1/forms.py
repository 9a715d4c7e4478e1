"""What a shop may send, decoded in one pass; what does not fit becomes faults with JSON pointers."""

import re
from typing import Annotated, Any, Final, NoReturn, TypeVar

import msgspec
from msgspec import UNSET, UnsetType

from chekpoint.fiscal.receipt import Receipt
from chekpoint.fiscal.rules import Fault
from chekpoint.hub.intake import Deadline, Order
from chekpoint.shops.api_v1.problems import FaultAt, trouble

T = TypeVar("T")
BATCH_MOST: Final = 500
REASON_MOST: Final = 200


class Sent(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The body of ``POST /receipts``: one order, or ``receipts`` with up to 500 of them."""

    external_id: str | UnsetType = UNSET
    receipt: Receipt | UnsetType = UNSET
    deadline: Deadline | None = None
    section: str | None = None
    pay_system: str | None = None
    receipts: list[msgspec.Raw] | UnsetType = UNSET


class Cancellation(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The body of ``POST /receipts/{id}/cancel``; it may be left out."""

    reason: Annotated[str, msgspec.Meta(max_length=REASON_MOST)] = ""


_SENT: Final = msgspec.json.Decoder(Sent)
_ORDER: Final = msgspec.json.Decoder(Order)
_CANCELLATION: Final = msgspec.json.Decoder(Cancellation)


def sent(body: bytes) -> Sent:
    """The decoded body; raises Trouble."""
    found: Sent = _decode(_SENT, body)
    return found


def cancellation(body: bytes) -> Cancellation:
    """The decoded body, or an empty one; raises Trouble."""
    if not body:
        return Cancellation()
    found: Cancellation = _decode(_CANCELLATION, body)
    if not found.reason.isprintable():
        unseen = ("непечатные символы", "characters that do not print")
        raise trouble("wrong_form", FaultAt(pointer="/reason", code="wrong_form", ru=unseen[0], en=unseen[1]))
    return found


def single(form: Sent) -> Order:
    """The one order of a body without ``receipts``; raises Trouble for what is missing."""
    if isinstance(form.external_id, str) and isinstance(form.receipt, Receipt):
        return Order(
            external_id=form.external_id, receipt=form.receipt, deadline=form.deadline, section=form.section,
            pay_system=form.pay_system,
        )  # fmt: skip
    missing = [name for name in ("external_id", "receipt") if getattr(form, name) is UNSET]
    raise trouble("wrong_form", *(_fault(f"Object missing required field `{name}`") for name in missing))


def batch(form: Sent) -> list[Order | FaultAt]:
    """Each order of a batch, or the fault of its form; raises Trouble when the batch itself is wrong."""
    raw = form.receipts
    assert isinstance(raw, list)  # noqa: S101 - the caller has looked
    if (
        not isinstance(form.external_id, UnsetType)
        or not isinstance(form.receipt, UnsetType)
        or form.deadline
        or form.section
        or form.pay_system
    ):
        raise trouble("wrong_form", _both())
    if not 0 < len(raw) <= BATCH_MOST:
        raise trouble("wrong_form", _size(len(raw)))
    return [_item(n, one) for n, one in enumerate(raw)]


def _item(n: int, raw: msgspec.Raw) -> Order | FaultAt:
    return one_of(_ORDER, raw, f"/receipts/{n}")


def one_of(decoder: msgspec.json.Decoder[T], raw: msgspec.Raw, pointer: str) -> T | FaultAt:
    """One item of a batch, or the fault of its form; raises Trouble for what is no JSON."""
    try:
        return decoder.decode(raw)
    except msgspec.ValidationError as error:
        return _fault(str(error), pointer)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        _refuse(error)


def decoded(decoder: msgspec.json.Decoder[T], body: bytes) -> T:
    """A whole body of one form; raises Trouble."""
    found: T = _decode(decoder, body)
    return found


def _decode(decoder: msgspec.json.Decoder[Any], body: bytes) -> Any:
    try:
        return decoder.decode(body)
    except msgspec.ValidationError as error:
        raise trouble("wrong_form", _fault(str(error))) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        _refuse(error)


def _refuse(error: Exception) -> NoReturn:
    if isinstance(error, UnicodeDecodeError):
        raise trouble("not_utf8") from None
    if isinstance(error, RecursionError):
        raise trouble("too_deep") from None
    raise trouble("not_json", why=str(error)) from None


def of_rules(faults: list[Fault], prefix: str = "") -> tuple[FaultAt, ...]:
    """Faults of the law, with their pointers into the body. The shop's id stands beside the receipt."""
    return tuple(FaultAt(pointer=prefix + _inside(f.pointer), code=f.code, ru=f.ru, en=f.en) for f in faults)


_BESIDE: Final = frozenset({"/external_id", "/deadline", "/section", "/pay_system"})


def _inside(pointer: str) -> str:
    return pointer if pointer in _BESIDE else f"/receipt{pointer}"


_PLACE: Final = re.compile(r" - at `\$(?P<path>[^`]*)`$", re.DOTALL)
_STEP: Final = re.compile(r"\.([^.\[\]]+)|\[(\d+)\]")
_FIELD: Final = re.compile(r"Object (?:missing required|contains unknown) field `(?P<name>.*)`$", re.DOTALL)
_RUSSIAN: Final = (
    (re.compile(r"Expected `(.*)`, got `(.*)`$", re.DOTALL), "Ожидается {0}, получено {1}."),
    (re.compile(r"Object missing required field `(.*)`$", re.DOTALL), "Нет обязательного поля {0}."),
    (re.compile(r"Object contains unknown field `(.*)`$", re.DOTALL), "Поле {0} неизвестно: проверьте имя."),
    (re.compile(r"Invalid enum value (.*)$", re.DOTALL), "Недопустимое значение {0}."),
    (re.compile(r"Expected `str` of length <= (\d+)$"), "Строка длиннее {0} знаков."),
    (re.compile(r"Expected `datetime` with a timezone component$"), "У времени нет часового пояса."),
    (re.compile(r"Invalid RFC3339 encoded datetime$"), "Время записывается как 2026-01-31T12:00:00+03:00."),
    (re.compile(r"Invalid decimal string$"), "Это не десятичное число."),
    (re.compile(r"(?:Integer value|Number) out of range$"), "Число слишком велико."),
)


def _fault(message: str, prefix: str = "") -> FaultAt:
    """A message of the decoder as a fault: its path becomes a JSON pointer, its words Russian as well."""
    found = _PLACE.search(message)
    words = message[: found.start()] if found else message
    steps = [name or number for name, number in _STEP.findall(found["path"])] if found else []
    field = _FIELD.match(words)
    if field:
        steps.append(field["name"])
    pointer = prefix + "".join(f"/{s.replace('~', '~0').replace('/', '~1')}" for s in steps)
    return FaultAt(pointer=pointer, code="wrong_form", ru=_russian(words), en=f"{words}.")


def _russian(words: str) -> str:
    for pattern, text in _RUSSIAN:
        match = pattern.match(words)
        if match:
            return text.format(*match.groups())
    return f"Значение не подходит: {words}."


def _size(count: int) -> FaultAt:
    return FaultAt(
        pointer="/receipts", code="wrong_form", ru=f"В пачке от 1 до {BATCH_MOST} чеков, здесь их {count}.",
        en=f"A batch holds 1 to {BATCH_MOST} receipts, here are {count}.",
    )  # fmt: skip


def _both() -> FaultAt:
    return FaultAt(
        pointer="/receipts", code="wrong_form",
        ru="Передавайте либо один чек (external_id и receipt), либо пачку (receipts).",
        en="Send either one receipt (external_id and receipt) or a batch (receipts).",
    )  # fmt: skip
