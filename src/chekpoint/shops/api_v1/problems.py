"""Errors as problem+json (RFC 9457): a stable code and one sentence in each language.

``errors`` says where: ``pointer`` is a JSON pointer into the body that was sent, ``parameter`` the name of a
query parameter.
"""

from typing import Final

import msgspec

from chekpoint.shops.api_v1.wire import Answer, Headers

TYPE: Final = "urn:chekpoint:problem:"
CONTENT_TYPE: Final = b"application/problem+json"


class FaultAt(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One thing that is wrong, and where."""

    pointer: str | None = None
    parameter: str | None = None
    code: str
    ru: str
    en: str


class Problem(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """RFC 9457 with the fault in both languages; ``receipt_id`` and ``state`` come with a conflict."""

    type: str
    title: str
    status: int
    code: str
    ru: str
    en: str
    errors: tuple[FaultAt, ...] = ()
    receipt_id: str | None = None
    state: str | None = None


class Trouble(Exception):
    """A request that is answered with a problem."""

    def __init__(self, problem: Problem, headers: Headers = ()) -> None:
        super().__init__(problem.en)
        self.problem, self.headers = problem, headers


_TEXTS: Final[dict[str, tuple[int, str, str, str]]] = {
    "not_json": (
        400, "Not JSON",
        "Тело запроса не читается как JSON: {why}.",
        "The body does not read as JSON: {why}.",
    ),
    "not_utf8": (
        400, "Not UTF-8",
        "Тело запроса не в кодировке UTF-8.",
        "The body is not UTF-8.",
    ),
    "too_deep": (
        400, "Nested too deeply",
        "Вложенность JSON слишком велика.",
        "The JSON is nested too deeply.",
    ),
    "wrong_query": (
        400, "Wrong query",
        "Параметры запроса неверны: {count}.",
        "Query parameters are wrong: {count}.",
    ),
    "key_missing": (
        401, "No key",
        "Нужен ключ магазина: заголовок Authorization: Bearer <ключ>.",
        "A shop's key is needed: the header Authorization: Bearer <key>.",
    ),
    "key_unknown": (
        401, "Unknown key",
        "Ключ неизвестен или отозван: создайте новый в настройках магазина.",
        "The key is unknown or revoked: make a new one in the shop's settings.",
    ),
    "not_found": (
        404, "Not found",
        "Здесь ничего нет: проверьте адрес и номер чека.",
        "There is nothing here: check the address and the receipt's id.",
    ),
    "method_not_allowed": (
        405, "Method not allowed",
        "Этот адрес понимает только {allow}.",
        "This address understands only {allow}.",
    ),
    "other_content": (
        409, "This id has other content",
        "Чек с этим номером уже принят, и содержание у него другое. Новый чек отправляйте с новым номером.",
        "A receipt with this id is here already, and its content is different. Send a new receipt under a new id.",
    ),
    "other_payment": (
        409, "This payment has other facts",
        "Платёж с этим номером уже известен, и сведения о нём другие. Ничего не изменено.",
        "A payment with this id is known already, and its facts are different. Nothing was changed.",
    ),
    "not_cancellable": (
        409, "Too late to cancel",
        "Чек уже нельзя отменить, его состояние: {state}. После регистрации оформляется чек возврата.",
        "The receipt cannot be cancelled any more, its state is {state}. Once registered, send a return.",
    ),
    "body_too_large": (
        413, "Body too large",
        "Тело запроса больше {limit} байт: разделите его на части.",
        "The body is larger than {limit} bytes: split it.",
    ),
    "wrong_content_type": (
        415, "Wrong content type",
        "Тело запроса передаётся как application/json в UTF-8, без сжатия.",
        "Send the body as application/json in UTF-8, not compressed.",
    ),
    "wrong_form": (
        422, "Wrong form",
        "Запрос составлен не по форме, ошибок: {count}.",
        "The request is not of the right form; faults: {count}.",
    ),
    "receipt_refused": (
        422, "Receipt refused",
        "Чек не принят, ошибок: {count}. Ничего не сохранено.",
        "The receipt was not accepted; faults: {count}. Nothing was stored.",
    ),
    "internal": (
        500, "Internal error",
        "Ошибка сервера записана в журнал. Повторите запрос с тем же номером чека: двойного чека не будет.",
        "The server's error was logged. Send the request again under the same id: no receipt will be doubled.",
    ),
    "unavailable": (
        503, "Not available now",
        "Журнал сейчас не принимает записи. Ничего не сохранено, повторите запрос.",
        "The journal takes no writes just now. Nothing was stored; send the request again.",
    ),
}  # fmt: skip
CODES: Final = frozenset(_TEXTS)
_ENCODER: Final = msgspec.json.Encoder()


def problem(
    code: str, errors: tuple[FaultAt, ...] = (), *, receipt_id: str | None = None, state: str | None = None,
    **values: object,
) -> Problem:  # fmt: skip
    """The problem ``code`` with its sentences filled in."""
    status, title, ru, en = _TEXTS[code]
    filled = {"count": len(errors), "state": state, **values}
    return Problem(
        type=TYPE + code, title=title, status=status, code=code, ru=ru.format(**filled), en=en.format(**filled),
        errors=errors, receipt_id=receipt_id, state=state,
    )  # fmt: skip


def trouble(code: str, *errors: FaultAt, headers: Headers = (), **values: object) -> Trouble:
    """As ``problem``, to be raised."""
    return Trouble(problem(code, errors, **values), headers)  # type: ignore[arg-type]


def answer_of(found: Problem, headers: Headers = ()) -> Answer:
    """The problem as an HTTP answer."""
    return Answer(found.status, _ENCODER.encode(found), headers, CONTENT_TYPE)
