"""Z-reports that the site asks a pulling cashbox for (``reportmanager.php``)."""

from datetime import datetime, timedelta
from typing import Final

import msgspec

from chekpoint.emulators.bitrix_site.cashboxes import Cashbox
from chekpoint.emulators.bitrix_site.checks import Status, ZReport
from chekpoint.emulators.bitrix_site.state import SiteState

RESEND_SECONDS: Final = 300
GIVE_UP_SECONDS: Final = 43200


def due_report(state: SiteState, cashbox: Cashbox) -> ZReport | None:
    """The Z-report to send now; None for none. One that was sent is resent on every poll from 300 s to 12 h."""
    if cashbox.use_offline:
        return None
    last = last_report(state, cashbox.id)
    if last is not None and last.status is Status.NEW:
        return _sent(state, last)
    if last is not None and last.status is Status.PENDING:
        return _resent(state, last)
    return _sent(state, ask_report(state, cashbox)) if _is_due(state, cashbox, last) else None


def ask_report(state: SiteState, cashbox: Cashbox) -> ZReport:
    """A new row in N, as by the administrator's button."""
    report = ZReport(id=state.next_id("report"), cashbox_id=cashbox.id, created_at=state.now())
    state.keep_report(report)
    return report


def last_report(state: SiteState, cashbox_id: int) -> ZReport | None:
    """The newest Z-report of a cashbox."""
    mine = (report for report in state.reports.values() if report.cashbox_id == cashbox_id)
    return max(mine, key=lambda report: report.id, default=None)


def _sent(state: SiteState, report: ZReport) -> ZReport:
    sent = msgspec.structs.replace(
        report,
        status=Status.PENDING,
        print_start=state.now() if report.print_start is None else report.print_start,
        handed=report.handed + 1,
    )
    state.keep_report(sent)
    return sent


def _resent(state: SiteState, report: ZReport) -> ZReport | None:
    age = state.now() - (report.print_start or 0.0)
    if age >= GIVE_UP_SECONDS:
        state.keep_report(msgspec.structs.replace(report, status=Status.ERROR, print_end=state.now()))
        return None
    return _sent(state, report) if age >= RESEND_SECONDS else None


def _is_due(state: SiteState, cashbox: Cashbox, last: ZReport | None) -> bool:
    """The configured time has passed since the last Z-report started, and a check was started in that window."""
    since = (last.print_start or last.created_at) if last is not None else cashbox.created_at
    return since < _last_occurrence(state, cashbox.settings.z_time) and any(
        check.cashbox_id == cashbox.id and check.print_start is not None and check.print_start > since
        for check in state.checks.values()
    )


def _last_occurrence(state: SiteState, z_time: str) -> float:
    """Unix seconds of the last passing of H:M on the site's wall clock."""
    now = state.local(state.now())
    hours, minutes = datetime.strptime(z_time, "%H:%M").timetuple()[3:5]  # noqa: DTZ007  a time of day
    today = now.replace(hour=hours, minute=minutes, second=0, microsecond=0)
    return (today if today <= now else today - timedelta(days=1)).timestamp()
