"""What comes in: the envelope of a request, and the refusals of the web server."""

from typing import Any

import msgspec

from chekpoint.emulators.atol_web.codes import FISCAL_TASKS, Code
from chekpoint.emulators.atol_web.queue_store import Posted


class Refusal(Exception):
    """An HTTP answer other than success. ``code`` is the driver's code in the JSON form of it."""

    def __init__(self, status: int, text: str, code: int = Code.WEB) -> None:
        super().__init__(text)
        self.status = status
        self.text = text
        self.code = int(code)


def json_object(body: bytes) -> dict[str, Any]:
    """A JSON object; raises Refusal 400."""
    try:
        value = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Refusal(400, f"Ошибка разбора JSON: {error}") from error
    if not isinstance(value, dict):
        raise Refusal(400, "Ошибка разбора JSON: ожидается объект")
    return value


def read_envelope(body: bytes, *, device: str, generation: str) -> Posted:
    """``{"uuid", "request": [task, ...] | task, "callbacks"?, "lockUuid"?}``; raises Refusal 400.

    The uuid need not be one: any non-empty string is taken as it is.
    """
    envelope = json_object(body)
    tasks = _tasks(envelope.get("request"))
    uuid = envelope.get("uuid")
    if not isinstance(uuid, str) or not uuid:
        raise Refusal(400, "Поле 'uuid' не задано")
    if generation == "v1":
        _one_fiscal(tasks)
    lock = envelope.get("lockUuid")
    return Posted(
        uuid=uuid,
        device=device,
        generation=generation,
        tasks=tasks,
        callback=_callback(envelope) if generation == "v2" else None,
        lock=lock if isinstance(lock, str) else None,
    )


def _tasks(request: Any) -> tuple[dict[str, Any], ...]:
    """One task or a list of them."""
    tasks = [request] if isinstance(request, dict) else request
    if not isinstance(tasks, list) or not tasks or not all(isinstance(task, dict) and task for task in tasks):
        raise Refusal(400, "Поле 'request' не задано или пустое")
    return tuple(tasks)


def _one_fiscal(tasks: tuple[dict[str, Any], ...]) -> None:
    """The first generation's protection against half-done requests: one document each."""
    fiscal = sum(1 for task in tasks if isinstance(task.get("type"), str) and task["type"] in FISCAL_TASKS)
    if fiscal > 1:
        raise Refusal(400, f"Too many fiscal sub-tasks - {fiscal}")


def _callback(envelope: dict[str, Any]) -> str | None:
    callbacks = envelope.get("callbacks")
    if callbacks is None:
        return None
    url = callbacks.get("resultUrl") if isinstance(callbacks, dict) else None
    if url is None:
        return None
    if not isinstance(url, str) or not url.startswith(("http://", "https://")):
        raise Refusal(400, "Некорректное значение поля 'callbacks.resultUrl'")
    return url
