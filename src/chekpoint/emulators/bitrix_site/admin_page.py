"""The site's administration as a person sees it: cashboxes and checks, and beside them what the site knows.

Plain HTML, no script. It says in large letters that it is a test double.
"""

from collections.abc import Callable, Iterable
from datetime import datetime
from html import escape
from typing import Final

from chekpoint.emulators.bitrix_site.cashboxes import Cashbox
from chekpoint.emulators.bitrix_site.checks import Check, Status, ZReport
from chekpoint.emulators.bitrix_site.site import Site
from chekpoint.emulators.control_page import BANNER_EN, BANNER_RU
from chekpoint.fiscal.money import roubles

SHOWN: Final = 100  # the newest rows of each list
Truth = Callable[[Site, Check], str]
"""What really became of a check, in words, told by whoever has seen the fiscal drives' archives."""

_STYLE: Final = """
body{font:15px/1.4 system-ui,sans-serif;margin:1.5rem;color:#222;background:#fff}
.banner{background:#b30000;color:#fff;padding:1rem 1.5rem;border-radius:.4rem}
.banner b{display:block;font-size:2.2rem;line-height:1.1}
table{border-collapse:collapse;width:100%;margin:.5rem 0 1.5rem}
th,td{border:1px solid #c8c8c8;padding:.3rem .6rem;text-align:left;vertical-align:top}
th{background:#eef2f4}.site{background:#fff8e1}.truth{background:#e8f4ea}
.E{color:#b30000;font-weight:600}.P{color:#8a5a00}.Y{color:#1b6e2d}
form{display:inline-flex;gap:.3rem;margin:.1rem}button,input,select{font:inherit;padding:.2rem .6rem}
.wide{overflow-x:auto}
"""


def index_page(sites: Iterable[Site]) -> str:
    """The list of sites of a process that has several."""
    rows = [
        [
            f"<a href='/s/{escape(site.name)}/'>{escape(site.name)}</a>",
            str(len(site.state.cashboxes)),
            str(len(site.state.checks)),
            str(len(site.state.waiting)),
        ]
        for site in sites
    ]
    return _page("Сайты", _table(("Сайт", "Касс", "Чеков", "Из них не напечатано"), rows))


def site_page(site: Site, address: str, truth: Truth | None) -> str:
    """The administration of one site; ``address`` is where its pages are, without a slash at the end."""
    return _page(
        f"Администрирование: {site.name}",
        _links(site, address),
        _cashboxes(site),
        _checks(site, truth),
        _reports(site),
        _buttons(site),
        _log(site),
    )


def _page(title: str, *parts: str) -> str:
    return (
        "<!doctype html><html lang='ru'><head><meta charset='utf-8'>"
        "<meta name='viewport' content='width=device-width'>"
        f"<title>{escape(title)}: {BANNER_RU}</title><style>{_STYLE}</style></head><body>"
        f"<div class='banner'><b>{BANNER_RU}</b><b>{BANNER_EN}</b>"
        "Это не сайт 1С-Битрикс, а его эмулятор. Заказы, оплаты и чеки ненастоящие.<br>"
        "This is not a 1C-Bitrix site. Its orders, payments and checks are not real.</div>"
        f"<h1>{escape(title)}</h1>{''.join(parts)}</body></html>"
    )


def _table(head: Iterable[str], rows: Iterable[Iterable[str]], marks: Iterable[str] = ()) -> str:
    """Cells are HTML; ``marks`` are the classes of the columns."""
    classes = list(marks)
    heads = "".join(f"<th>{escape(text)}</th>" for text in head)
    body = "".join(
        "<tr>" + "".join(f"<td class='{_at(classes, n)}'>{cell}</td>" for n, cell in enumerate(row)) + "</tr>"
        for row in rows
    )
    return f"<div class='wide'><table><tr>{heads}</tr>{body}</table></div>"


def _at(classes: list[str], place: int) -> str:
    return classes[place] if place < len(classes) else ""


def _links(site: Site, address: str) -> str:
    shown = [
        f"<li><code>{escape(address)}/bitrix/tools/sale_check_print.php?hash={escape(value)}</code></li>"
        for value, active in site.state.hashes.items()
        if active
    ]
    if site.state.webhook:
        shown.append(
            f"<li>Вебхук REST: <code>{escape(address)}/rest/1/{escape(site.state.webhook)}/</code></li>"
        )
    return f"<h2>Ссылки для подключения</h2><ul>{''.join(shown) or '<li>нет</li>'}</ul>"


def _cashboxes(site: Site) -> str:
    head = (
        "ID",
        "Название",
        "Обработчик",
        "Заводской номер",
        "Активна",
        "В сети",
        "Последнее подключение",
        "",
    )
    rows = [_cashbox_row(site, box) for box in site.cashboxes()]
    note = "<p>«В сети» — то, что касса сказала при последнем опросе; если программа замолчала, это не изменится.</p>"
    return "<h2>Кассы</h2>" + _table(head, rows) + note


def _cashbox_row(site: Site, box: Cashbox) -> list[str]:
    toggle = {"cashbox_id": str(box.id), "active": "false" if box.active else "true"}
    return [
        str(box.id),
        escape(box.name),
        escape(box.title),
        escape(box.number_kkm),
        "Да" if box.active else "Нет",
        "Да" if box.enabled else "Нет",
        _time(site, box.last_check_at),
        escape(", ".join(f"{rate} → {typed or '—'}" for rate, typed in box.settings.vat.items())),
        _button("activate", toggle, "Выключить" if box.active else "Настроить и включить")
        + _button("report", {"cashbox_id": str(box.id)}, "Z-отчёт"),
    ]


def _checks(site: Site, truth: Truth | None) -> str:
    head = ["ID", "Заказ", "Тип", "Сумма", "Касса", "Создан", "Статус", "Что знает сайт"]
    head += ["Что на самом деле"] if truth else []
    marks = ["", "", "", "", "", "", "", "site", "truth"]
    newest = site.checks()[: -SHOWN - 1 : -1]
    rows = [_check_row(site, check) + ([escape(truth(site, check))] if truth else []) for check in newest]
    return "<h2>Чеки</h2>" + _table(head, rows, marks)


def _check_row(site: Site, check: Check) -> list[str]:
    box = site.state.cashboxes.get(check.cashbox_id or 0)
    gone = check.order_id not in site.state.orders
    return [
        str(check.id),
        f"{check.order_id}{' (удалён)' if gone else ''}",
        escape(check.type.value),
        roubles(check.sum),
        escape(box.name if box else ""),
        _time(site, check.created_at),
        f"<span class='{check.status}'>{check.status.words}</span> {escape(check.error)}",
        escape(_believed(check, gone=gone)),
    ]


def _believed(check: Check, *, gone: bool) -> str:
    """What the site's row rests on."""
    words = [f"передан {check.handed} раз: {', '.join(check.handed_to)}"] if check.handed else []
    words += [f"предупреждений {check.cnt_fail}"] if check.cnt_fail else []
    if check.status is Status.PRINTED:
        link = check.link
        words.append(
            f"ФН {link['fn_number']} ФД {link['fiscal_doc_number']} ФП {link.get('fiscal_doc_attribute', '?')}"
            if check.proven
            else "«распечатан» без фискальных данных: ничего не доказано"
        )
    if gone and check.open:
        words.append("заказ удалён: результат никогда не будет принят")
    return "; ".join(words) or "ничего"


def _reports(site: Site) -> str:
    head = ("ID", "Касса", "Создан", "Статус", "Наличные", "Безналичные", "Возвраты", "Нарастающий итог")
    return "<h2>Z-отчёты</h2>" + _table(
        head, [_report_row(site, r) for r in site.reports()[: -SHOWN - 1 : -1]]
    )


def _report_row(site: Site, report: ZReport) -> list[str]:
    return [
        str(report.id),
        str(report.cashbox_id),
        _time(site, report.created_at),
        f"<span class='{report.status}'>{report.status.words}</span> {escape(report.error)}",
        *(_signed(n) for n in (report.cash, report.cashless, report.returned, report.cumulative)),
    ]


def _signed(kopecks: int) -> str:
    return ("-" if kopecks < 0 else "") + roubles(abs(kopecks))


def _time(site: Site, moment: float | None) -> str:
    return f"{_local(site, moment):%d.%m.%Y %H:%M:%S}" if moment is not None else "никогда"


def _local(site: Site, moment: float) -> datetime:
    return site.state.local(moment)


def _button(verb: str, fields: dict[str, str], text: str) -> str:
    inputs = "".join(f"<input type='hidden' name='{k}' value='{escape(v)}'>" for k, v in fields.items())
    return f"<form method='post' action='control/{verb}'>{inputs}<button>{escape(text)}</button></form>"


def _buttons(site: Site) -> str:
    html = "false" if site.html_answers else "true"
    order = (
        "<form method='post' action='control/order'><input name='name' value='Товар'>"
        "<input name='price' value='10000' size='8' title='копейки'>"
        "<input name='count' value='1' size='4'><button>Заказать и оплатить</button></form>"
    )
    deletion = (
        "<form method='post' action='control/delete_order'><input name='order_id' size='6' placeholder='заказ'>"
        "<button>Удалить заказ</button></form>"
    )
    return (
        "<h2>Действия</h2>" + order + deletion
        + _button("hash", {}, "Сгенерировать ссылку")
        + _button("agent", {}, "Запустить агента")
        + _button("conduct", {"busy_locks": "10"}, "Занять таблицу чеков")
        + _button("conduct", {"html": html}, "Сайт работает" if site.html_answers else "Страница вместо ответов")
        + _button("fault", {"point": "face.answer", "kind": "drop"}, "Потерять следующий ответ")
        + _button("fault", {"clear": "true"}, "Снять сбои")
    )  # fmt: skip


def _log(site: Site) -> str:
    lines = [f"{_time(site, moment)} {text}" for moment, text in list(site.state.log)[-30:]]
    return f"<h2>Журнал</h2><pre>{escape(chr(10).join(reversed(lines)))}</pre>"
