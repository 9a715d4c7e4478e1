"""A fiscal document that a person has found elsewhere (at the operator, on paper) and types in."""

import re
from datetime import datetime

from chekpoint.core.ports import FiscalDocument
from chekpoint.fiscal.receipt import Kind
from chekpoint.store.views_receipt import Head

_MOST_FD = (1 << 32) - 1
_SUM = re.compile(r"(\d{1,10})(?:[.,](\d{1,2}))?")


def found_document(head: Head, fields: dict[str, str]) -> FiscalDocument | None:
    """The document as typed (``fn``, ``fd``, ``sign``, ``total`` in roubles, ``made_at``); None when it does not fit.

    The sum is asked for, though the receipt has one: it is how a person notices that it is another's document.
    """
    total = _SUM.fullmatch(re.sub(r"\s", "", fields.get("total", "")))
    fn, fd, sign = (fields.get(name, "") for name in ("fn", "fd", "sign"))
    made_at = _moment(fields.get("made_at", ""))
    if not (re.fullmatch(r"[0-9]{16}", fn) and _number(fd) and _number(sign) and total and made_at):
        return None
    if int(total[1]) * 100 + int((total[2] or "0").ljust(2, "0")) != head.total:
        return None
    return FiscalDocument(
        fn=fn, fd_number=int(fd), fiscal_sign=sign, made_at=made_at, kind=Kind(head.kind).code, mark=head.mark,
        total=head.total,
    )  # fmt: skip


def _number(text: str) -> bool:
    return bool(re.fullmatch(r"[0-9]{1,10}", text)) and 0 < int(text) <= _MOST_FD


def _moment(text: str) -> str | None:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    return at.isoformat(timespec="seconds") if at.tzinfo is None and 2016 < at.year < 2200 else None
