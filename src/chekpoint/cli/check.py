"""``chekpoint check``: are these receipts right? Of our API or of the tax service's JSON, before any of them is sent."""

import sys
from collections import Counter
from collections.abc import Iterable
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, BinaryIO

import typer

from chekpoint.cli.json_lines import Entry, NotTextError, entries
from chekpoint.cli.say import say

if TYPE_CHECKING:
    from chekpoint.fiscal.ffd import Ffd
    from chekpoint.fiscal.rules_fault import Fault

UNREADABLE = 2  # exit code: the file cannot be read, or holds no receipts
FAULTY = 1  # exit code: at least one receipt has faults


class Verdict:
    """What became of one receipt."""

    def __init__(self, faults: "list[Fault]", oddities: "Iterable[Fault]" = ()) -> None:
        self.faults, self.oddities = faults, tuple(oddities)


def check(
    file: Annotated[
        str,
        typer.Argument(metavar="FILE", help="Файл JSON или JSON Lines; «-»: стандартный ввод / - is stdin"),
    ],
    *,
    on: Annotated[
        datetime | None,
        typer.Option(
            formats=["%Y-%m-%d"], help="День расчёта для чеков API; без него сегодня / day of the settlement"
        ),
    ] = None,
    ffd: Annotated[
        str, typer.Option(help="ФФД кассы для чеков API / the register's FFD: 1.05 | 1.1 | 1.2")
    ] = "",
    lang: Annotated[str, typer.Option(help="Язык ошибок / language of the faults: ru | en")] = "ru",
    notes: Annotated[
        bool, typer.Option(help="Показать и странности записи / show oddities of writing too")
    ] = False,
) -> None:
    """Проверить чеки без отправки: свои (API) и из JSON ФНС или ОФД / check receipts, send nothing.

    Exit code 1: some receipt has faults; 2: the file cannot be read.
    """
    if lang not in {"ru", "en"}:
        raise typer.BadParameter("ru | en", param_hint="--lang")
    judge = Judge(on.date() if on else _today(), _ffd(ffd))
    counts: Counter[bool] = Counter()
    try:
        with _opened(file) as stream:
            for entry in entries(stream):
                verdict = judge.verdict(entry)
                counts[bool(verdict.faults)] += 1
                _tell(entry.place, verdict, lang, notes=notes)
    except (OSError, NotTextError) as error:
        _end(f"{file}: {_why(error)}", UNREADABLE)
    if not counts:
        _end(f"{file}: в нём нет чеков / no receipts in it", UNREADABLE)
    say(f"{counts[False]} accepted, {counts[True]} with faults")
    if counts[True]:
        raise typer.Exit(FAULTY)


def _today() -> date:
    from chekpoint.core.clock import SystemClock  # noqa: PLC0415  a command starts in an instant

    return SystemClock().now().astimezone().date()  # the day where the person sits


def _ffd(text: str) -> "Ffd | None":
    from chekpoint.fiscal.ffd import Ffd  # noqa: PLC0415  a command starts in an instant

    try:
        return Ffd(text) if text else None
    except ValueError:
        raise typer.BadParameter("1.05 | 1.1 | 1.2", param_hint="--ffd") from None


def _opened(file: str) -> BinaryIO:
    return sys.stdin.buffer if file == "-" else Path(file).open("rb")


def _why(error: Exception) -> str:
    return (error.strerror or str(error)) if isinstance(error, OSError) else str(error)


class Judge:
    """Applies the rules of one day and one format to whatever a file holds."""

    def __init__(self, day: date, ffd: "Ffd | None") -> None:
        self._day, self._ffd = day, ffd

    def verdict(self, entry: Entry) -> Verdict:
        """Faults of one entry; an entry that is no JSON, or no receipt, has that for a fault."""
        from chekpoint.fiscal.dialects import is_dialect  # noqa: PLC0415

        if entry.problem is not None:
            return Verdict([_no_receipt("not_json", "", *entry.problem)])
        if is_dialect(entry.value):
            return self._of_archive(entry.value)
        return self._of_api(entry.value)

    def _of_archive(self, document: Any) -> Verdict:
        """A document that a register made: judged by its own day."""
        from chekpoint.fiscal.dialects import DialectError, read  # noqa: PLC0415

        try:
            found = read(document)
        except DialectError as error:
            return Verdict([error.fault])
        return Verdict(found.faults, found.oddities)

    def _of_api(self, document: Any) -> Verdict:
        """A receipt of our API, bare or as an order with the shop's own id."""
        import msgspec  # noqa: PLC0415

        from chekpoint.fiscal.receipt import Receipt  # noqa: PLC0415
        from chekpoint.fiscal.rules import faults, normalise  # noqa: PLC0415

        order = isinstance(document, dict) and isinstance(document.get("receipt"), dict)
        try:
            receipt = msgspec.convert(document["receipt"] if order else document, Receipt)
        except (msgspec.ValidationError, ValueError, ArithmeticError, RecursionError) as error:
            text, pointer = _path(str(error))
            return Verdict(
                [_no_receipt("form", pointer, f"Форма чека неверна: {text}.", f"The form is wrong: {text}.")]
            )
        return Verdict(faults(normalise(receipt), self._day, self._ffd))


def _no_receipt(code: str, pointer: str, ru: str, en: str) -> "Fault":
    from chekpoint.fiscal.rules_fault import Fault  # noqa: PLC0415

    return Fault(pointer=pointer, code=code, ru=ru, en=en)


def _path(message: str) -> tuple[str, str]:
    """``Expected `int` - at `$.items[0].price``` -> the words, and ``/items/0/price``."""
    text, _, path = message.partition(" - at `")
    steps = path.rstrip("`").removeprefix("$").replace("[", ".").replace("]", "")
    return text, steps.replace(".", "/")


def _tell(place: int, verdict: Verdict, lang: str, *, notes: bool) -> None:
    if not verdict.faults:
        say(f"{place}: accepted")
    for fault in verdict.faults:
        say(f"{place}: {fault.code} {fault.pointer or '/'}: {fault.ru if lang == 'ru' else fault.en}")
    for oddity in verdict.oddities if notes else ():
        say(f"{place}:   ({oddity.code} {oddity.pointer or '/'}: {oddity.ru if lang == 'ru' else oddity.en})")


def _end(text: str, code: int) -> None:
    say(text, err=True)
    raise typer.Exit(code)
