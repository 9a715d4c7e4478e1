"""The hub itself: a worker that hangs, a node that is silent, its disk, its backup, its database (31 to 35)."""

from collections.abc import Iterator
from typing import Final

import msgspec

from chekpoint.hub import pulse
from chekpoint.hub.causes import About, Link, Trait
from chekpoint.hub.pulse import Told
from chekpoint.store import probes, views_registers
from chekpoint.store.incidents import Words
from chekpoint.store.journal import Tx
from chekpoint.watch.check import Check, Finding
from chekpoint.watch.own_node import BACKUP, DATABASE, DISK, Backup, Database, Disk
from chekpoint.watch.thresholds import Thresholds
from chekpoint.watch.walls import ago, said

_LANE: Final = "lane:"
FORGOTTEN: Final = 7 * 86_400_000  # milliseconds: a node that is gone for so long has been taken away
_MIB: Final = 1 << 20


def silent(tx: Tx, limits: Thresholds) -> Iterator[Finding]:
    """A node that was not stopped by a person, and does not say that it lives."""
    for node, told in pulse.nodes(tx).items():
        if not told.stopped and limits.node_silent * 1000 < tx.now - told.at < FORGOTTEN:
            since = said(told.at, limits)
            words = Words(
                "critical",
                f"Узел хаба «{node}» молчит с {since}: его кассы чеков не регистрируют. Проверьте компьютер и службу chekpoint, "
                "перезапустите её.",
                f"Node “{node}” of the hub is silent since {since}: its registers register nothing. Check the computer and the "
                "service chekpoint, and restart it.",
            )
            yield Finding(node, words)


def hung(tx: Tx, limits: Thresholds) -> Iterator[Finding]:
    """A worker of a node that lives. A lane's incident is about its register, so that it explains what follows."""
    names = views_registers.names(tx)
    for node, told in pulse.nodes(tx).items():
        if tx.now - told.at > limits.node_silent * 1000:
            continue
        for worker in _stuck(told, limits):
            subject = worker.removeprefix(_LANE) if worker.startswith(_LANE) else f"{node}/{worker}"
            yield Finding(subject, _hung(node, worker, names.get(subject), ended=worker in told.dead))


def _stuck(told: Told, limits: Thresholds) -> list[str]:
    late = {worker for worker, seconds in told.late.items() if seconds > limits.worker_hung}
    return sorted(late | set(told.dead))


def _hung(node: str, worker: str, register: str | None, *, ended: bool) -> Words:
    ru = f"работа с кассой «{register}»" if register else f"процесс «{worker}»"
    en = f"the lane of register “{register}”" if register else f"the worker “{worker}”"
    what = ("остановилась с ошибкой", "has ended with an error") if ended else ("зависла", "hangs")
    return Words(
        "critical",
        f"Узел «{node}»: {ru} {what[0]}. Сохраните журнал службы chekpoint и перезапустите её: чеки в базе, второго чека не "
        "будет.",
        f"Node “{node}”: {en} {what[1]}. Keep the log of the service chekpoint and restart it: the receipts are stored, none is "
        "registered twice.",
    )


def disk(tx: Tx, limits: Thresholds) -> Iterator[Finding]:
    """Per cent of the disk with the data that are free."""
    for one in probes.every(tx, DISK):
        seen = msgspec.json.decode(one.body, type=Disk)
        free = seen.free * 100 // max(seen.total, 1)
        if free < limits.disk_warning:
            words = Words(
                "critical" if free < limits.disk_critical else "warning",
                f"Узел «{one.subject}»: на диске с данными свободно {free} % ({seen.free // _MIB} МиБ). Когда место кончится, хаб "
                "перестанет принимать чеки: освободите его.",
                f"Node “{one.subject}”: {free} % ({seen.free // _MIB} MiB) of the data's disk are free. When it is full the hub "
                "accepts no receipts: make room.",
            )
            yield Finding(one.subject, words)


def backup(tx: Tx, limits: Thresholds) -> Iterator[Finding]:
    """The newest copy in the folder of backups, where one is set."""
    for one in probes.every(tx, BACKUP):
        newest = msgspec.json.decode(one.body, type=Backup).newest_at
        if newest is None or tx.now - newest > limits.backup_age * 1000:
            old = ("копий нет", "there is none") if newest is None else tuple(
                f"{a} {b}" for a, b in zip(("последней", "the newest is"), ago(tx.now, newest), strict=True)
            )  # fmt: skip
            words = Words(
                "warning",
                f"Узел «{one.subject}»: резервная копия базы устарела ({old[0]}). Проверьте задание, которое её делает, и место на "
                "диске.",
                f"Node “{one.subject}”: the backup of the database is old ({old[1]} old). Check the job that makes it, and its disk.",
            )
            yield Finding(one.subject, words, newest)


def growth(tx: Tx, limits: Thresholds) -> Iterator[Finding]:
    """How fast the database grows."""
    for one in probes.every(tx, DATABASE):
        seen = msgspec.json.decode(one.body, type=Database)
        if seen.per_day is not None and seen.per_day > limits.database_growth * _MIB:
            words = Words(
                "warning",
                f"База растёт на {seen.per_day // _MIB} МиБ в сутки (сейчас {seen.bytes // _MIB} МиБ). Проверьте, что её так "
                "наполняет: срок хранения обменов (keep_exchanges), магазин, который шлёт лишнее.",
                f"The database grows by {seen.per_day // _MIB} MiB a day (it has {seen.bytes // _MIB} MiB). See what fills it: how "
                "long exchanges are kept (keep_exchanges), a shop that sends too much.",
            )
            yield Finding(one.subject, words)


_NODE: Final = Trait(Link.HUB, About.NODE)
CHECKS: Final = (
    Check(
        31, "worker_hung", ("Процесс хаба завис", "A worker of the hub hangs"),
        Trait(Link.HUB, About.OTHER, causes=("node_silent",)), hung,
    ),
    Check(32, "node_silent", ("Узел хаба молчит", "A node of the hub is silent"), _NODE, silent, grace=5.0),
    Check(33, "disk_low", ("Место на диске", "Room on the disk"), _NODE, disk, every=30.0, recovery=60.0, follows=True),
    Check(34, "backup_old", ("Резервная копия", "The backup"), _NODE, backup, every=60.0),
    Check(35, "database_growth", ("Рост базы", "Growth of the database"), _NODE, growth, every=60.0),
)  # fmt: skip
