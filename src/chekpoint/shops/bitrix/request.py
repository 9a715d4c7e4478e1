"""What we say to the site: the registers as they are, and results of checks and reports. Pure.

Field by field as ``CashboxBitrix`` reads them (getCashboxList, applyPrintResult, extractCheckData,
extractZReportData): ``code`` must be the *integer* 0 for success, a failure counts only with a ``message``,
and the id is called ``uuid`` in results whatever the task called it.
"""

from typing import Final

import msgspec

from chekpoint.fiscal.money import roubles
from chekpoint.shops.bitrix.words import FINAL, STRIKES

ON: Final = "ok"
OFF: Final = "error"
MESSAGE_MOST: Final = 250


class Document(msgspec.Struct, frozen=True, kw_only=True):
    """The fiscal document of a result. ``made_at`` is the register's local time, ISO 8601; ``total`` kopecks."""

    fn: str
    fd_number: int
    fiscal_sign: str
    made_at: str
    registration_number: str | None = None
    total: int | None = None
    kind: int | None = None  # 1054

    @property
    def qr(self) -> str:
        """The string that the site takes apart. ``t`` has six digits of time: its date format wants them."""
        time = self.made_at[:19].replace("-", "").replace(":", "").ljust(15, "0")
        total = [f"s={roubles(self.total)}"] if self.total is not None else []
        kind = [f"n={self.kind}"] if self.kind else []
        parts = [f"t={time}", *total, f"fn={self.fn}", f"i={self.fd_number}", f"fp={self.fiscal_sign}", *kind]
        return "&".join(parts)


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a check: a document, or an error (``code`` and ``message``)."""

    uuid: str
    document: Document | None = None
    code: int = 0
    message: str = ""


class ReportResult(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a Z-report; sums in kopecks."""

    uuid: str
    cash: int = 0
    income: int = 0
    returned: int = 0
    turnover: int = 0
    document: Document | None = None


class Kkm(msgspec.Struct, frozen=True, kw_only=True):
    """One register. The three sums are read by the site once, when it sees the register first."""

    zn: str  # factory number
    fn: str
    works: bool
    cash: int = 0
    income: int = 0
    turnover: int = 0


def request(
    kkm: list[Kkm], version: str | None, results: list[Result] | None = None,
    reports: list[ReportResult] | None = None,
) -> bytes:  # fmt: skip
    """The body of a poll. Results go under the first register: the site looks only at their ids."""
    rows = [_kkm(one) for one in kkm]
    printed = [entry for one in results or [] for entry in _printed(one)]
    printed += [_report(one) for one in reports or []]
    if printed and rows:
        rows[0]["printed"] = printed
    body: dict[str, object] = {"kkm": rows}
    # Without api_version the site keeps each register's own class; with 2 or 3 it converts the register to
    # that class and resets its VAT and payment types (CashboxBitrixV2::getCashboxList).
    return msgspec.json.encode({"api_version": version, **body} if version else body)


def _kkm(one: Kkm) -> dict[str, object]:
    return {
        "zn": one.zn, "fn": one.fn, "status": ON if one.works else OFF, "cache": one.cash / 100,
        "reg_income": one.income / 100, "nz_sum": one.turnover / 100,
    }  # fmt: skip


def _printed(result: Result) -> list[dict[str, object]]:
    """One entry; an error with a text of our own as many times as the site wants to hear it.

    The site counts an unknown code as a warning and takes the fourth for the truth, with its text
    (CheckManager::savePrintResult). It counts within one request as well.
    """
    entry: dict[str, object] = {"uuid": result.uuid, "code": result.code}
    if result.document is not None:
        entry |= {"message": "", "qr": result.document.qr}
        if result.document.registration_number:
            entry["rn"] = result.document.registration_number
        return [entry]
    entry |= {"message": result.message[:MESSAGE_MOST] or "-", "qr": ""}
    return [entry] * (1 if result.code in FINAL else STRIKES)


def _report(one: ReportResult) -> dict[str, object]:
    return {
        "uuid": one.uuid, "code": 0, "payments_cache": one.cash / 100, "reg_income": one.income / 100,
        "reg_return": one.returned / 100, "nz_sum": one.turnover / 100,
        "qr": one.document.qr if one.document else "",
    }  # fmt: skip
