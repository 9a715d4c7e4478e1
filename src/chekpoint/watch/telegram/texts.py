"""The words of answers to commands, in Russian and English."""

from collections.abc import Mapping
from typing import Final

RU: Final[Mapping[str, str]] = {
    "help": (
        "/status — как дела на пути от магазина до налоговой\n"
        "/ack НОМЕР [причина] — вижу, занимаюсь: напоминаний больше не будет\n"
        "/silence НОМЕР 2h причина — не сообщать об этом 2 часа (30m, 2h, 1d)\n"
        "/help — эта подсказка\n"
        "Номер происшествия — шесть знаков из сообщения или из /status."
    ),
    "unknown": "Такой команды нет.",
    "refused": "Не получилось: {why}",
    "over": "Это происшествие уже закрыто.",
    "acked": "Записано: вижу. {text}",
    "acked_before": "Это уже отмечено. {text}",
    "ack_what": "Напишите номер: /ack НОМЕР [причина].",
    "silence_how": "Напишите номер, срок и причину: /silence НОМЕР 2h ремонт.",
    "silenced": "Тишина до {until}: {text}",
    "shop": "Магазин: последний чек пришёл {ago}.",
    "ago": "{span} назад",
    "never": "— ещё ни одного",
    "queue": "Очередь: ждут {count} на {sum}.",
    "queue_empty": "Очередь: чеки не ждут.",
    "registers": "Кассы: не стоят {good} из {all}.",
    "operator": "ОФД: не подтверждено {count}.",
    "operator_empty": "ОФД: неподтверждённых документов нет.",
    "none": "Открытых происшествий нет.",
    "opened": "Открыто происшествий: {count}.",
    "more": "… и ещё {count}.",
    "follows": ", из-за этого ещё {count}",
    "seen_mark": " ✓",
}  # fmt: skip
EN: Final[Mapping[str, str]] = {
    "help": (
        "/status: how things stand from the shop to the tax service\n"
        "/ack ID [reason]: I have seen it; no more reminders\n"
        "/silence ID 2h reason: do not tell of it for 2 hours (30m, 2h, 1d)\n"
        "/help: this\n"
        "The ID is the six characters in a message or in /status."
    ),
    "unknown": "There is no such command.",
    "refused": "It did not work: {why}",
    "over": "This incident is closed already.",
    "acked": "Noted: seen. {text}",
    "acked_before": "It was seen before. {text}",
    "ack_what": "Write the ID: /ack ID [reason].",
    "silence_how": "Write the ID, a span and a reason: /silence ID 2h repair.",
    "silenced": "Silent until {until}: {text}",
    "shop": "Shop: the last receipt came {ago}.",
    "ago": "{span} ago",
    "never": "never yet",
    "queue": "Queue: {count} wait, {sum}.",
    "queue_empty": "Queue: no receipts wait.",
    "registers": "Registers: {good} of {all} are not blocked.",
    "operator": "Operator: {count} not confirmed.",
    "operator_empty": "Operator: no unconfirmed documents.",
    "none": "No open incidents.",
    "opened": "Open incidents: {count}.",
    "more": "… and {count} more.",
    "follows": ", {count} more follow from it",
    "seen_mark": " ✓",
}
TEXTS: Final[Mapping[str, Mapping[str, str]]] = {"ru": RU, "en": EN}
