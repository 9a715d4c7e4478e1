"""The service's errors: code, HTTP status, text and type, as version 5.23 of its description lists them."""

from enum import IntEnum
from typing import Any, Final


class Code(IntEnum):
    """The code of an error, as clients branch on it."""

    UNDEFINED = 0
    PROCESSING_FAILED = 1
    MISSING_TOKEN = 10
    EXPIRED_TOKEN = 11
    WRONG_LOGIN_OR_PASSWORD = 12
    VALIDATION = 13
    USER_BLOCKED = 14
    GROUP_AND_TOKEN_DIFFER = 20
    GROUP_NOT_FOR_PROTOCOL = 21
    MISSING_UUID = 30
    OPERATION_NOT_SUPPORTED = 31
    INVALID_RECEIPT = 32
    ALREADY_EXISTS = 33
    STATE_NOT_FOUND = 34
    BAD_REQUEST = 40
    UNSUPPORTED_MEDIA_TYPE = 41


_TEXTS: Final[dict[Code, tuple[int, str]]] = {
    Code.UNDEFINED: (400, "Неизвестная ошибка. Запрос с тем же external_id можно повторить."),
    Code.PROCESSING_FAILED: (400, "Ошибка обработки входящего документа"),
    Code.MISSING_TOKEN: (401, "Токен не передан"),
    Code.EXPIRED_TOKEN: (401, "Переданный токен не активен"),
    Code.WRONG_LOGIN_OR_PASSWORD: (401, "Неверный логин или пароль"),
    Code.VALIDATION: (400, "Ошибка валидации запроса: нужны login и pass"),
    Code.USER_BLOCKED: (403, "Действие невозможно. Пользователь заблокирован"),
    Code.GROUP_AND_TOKEN_DIFFER: (401, "Код группы, указанный в запросе, не соответствует токену"),
    Code.GROUP_NOT_FOR_PROTOCOL: (401, "Эта версия протокола не поддерживается: есть v4 и v5"),
    Code.MISSING_UUID: (400, "Некорректный UUID в запросе результата"),
    Code.OPERATION_NOT_SUPPORTED: (400, "Такая операция не поддерживается этой версией протокола"),
    Code.INVALID_RECEIPT: (400, "Ошибка валидации входного чека."),
    Code.ALREADY_EXISTS: (
        400, "Документ с переданными значениями <external_id> и <group_code> уже существует в базе",
    ),
    Code.STATE_NOT_FOUND: (200, "Состояние чека не найдено. Попробуйте позднее."),
    Code.BAD_REQUEST: (400, "Некорректный запрос"),
    Code.UNSUPPORTED_MEDIA_TYPE: (415, "Некорректный Content-Type: нужен application/json"),
}  # fmt: skip


def text_of(code: Code) -> str:
    """The usual sentence."""
    return _TEXTS[code][1]


class Refusal(Exception):
    """An error of the service: what is answered, and under which HTTP status.

    ``fields`` are what stands beside the error (``status``, the first ``uuid`` ...).
    """

    def __init__(self, code: Code, text: str | None = None, **fields: Any) -> None:
        self.code, self.text, self.fields = code, text or text_of(code), fields
        self.status = _TEXTS[code][0]
        super().__init__(f"{int(code)}: {self.text}")
