"""Connecting a site, one checked step at a time. Nothing here changes how the site works before it is asked to.

The link is probed with an empty list of registers: the site refuses a wrong hash at once, and with a good
one finds nothing to do and lets us wait. No register is named, so none is registered or converted.
"""

from collections.abc import AsyncIterator
from typing import Any, Final, NamedTuple

import httpx2

from chekpoint.fiscal.vat import VatRate
from chekpoint.shops.bitrix.reply import Broken, Denied
from chekpoint.shops.bitrix.rest_calls import CallError, call
from chekpoint.shops.bitrix.transport import poll

PROBE: Final = 5.0  # seconds; a refusal comes at once, so silence for that long means "accepted"
EXISTS: Final = "ERROR_HANDLER_ALREADY_EXIST"
_HANDLER: Final = "sale.cashbox.handler"
_RATES: Final = {
    0: VatRate.VAT0, 5: VatRate.VAT5, 7: VatRate.VAT7, 10: VatRate.VAT10, 20: VatRate.VAT20, 22: VatRate.VAT22,
}  # fmt: skip


class Step(NamedTuple):
    """One step and how it went; ``fatal`` ends the connecting."""

    ok: bool
    text: str
    fatal: bool = False
    rates: dict[str, VatRate] | None = None  # what the site's catalogue calls "id:3", and so on


async def probe(client: httpx2.AsyncClient, link: str, patience: float = PROBE) -> Step:
    """Does the site take the link?"""
    try:
        # httpx2 keeps the connection's own limit apart: only the waiting for an answer is cut short
        reply = await poll(client, link, b'{"kkm":[]}', patience)
    except RecursionError:  # pragma: no cover - an answer nested beyond reason
        return Step(ok=False, text="ответ сайта не читается / the answer cannot be read", fatal=True)
    if isinstance(reply, Denied):
        return Step(
            ok=False, fatal=True,
            text="сайт не принял ссылку (403): создайте новую на странице касс / the site refused the link (403)",
        )  # fmt: skip
    if isinstance(reply, Broken) and not reply.en.startswith("the site did not answer"):
        return Step(ok=False, text=f"{reply.ru} / {reply.en}", fatal=True)
    return Step(ok=True, text="сайт принял ссылку обмена / the site accepted the link")


class RestPlan(NamedTuple):
    """What the REST cashbox is to be on the site."""

    webhook: str
    address: str  # of the hub as the site reaches it, with /bitrix/<secret>
    code: str
    name: str
    email: str
    ffd105: bool = True
    active: bool = False


async def register(client: httpx2.AsyncClient, plan: RestPlan) -> AsyncIterator[Step]:
    """Handler and cashbox on the site, through its incoming webhook; each step is checked and told."""
    try:
        handlers = await call(client, plan.webhook, f"{_HANDLER}.list", {})
    except CallError as error:
        yield Step(ok=False, text=_webhook_words(error), fatal=True)
        return
    yield Step(ok=True, text="вебхук работает, прав достаточно / the webhook works and may do this")
    known = next((one for one in _rows(handlers) if one.get("CODE") == plan.code), None)
    try:
        if known is None:
            await call(client, plan.webhook, f"{_HANDLER}.add", _handler(plan))
            yield Step(ok=True, text=f"обработчик {plan.code} добавлен / handler added")
        else:
            fields = {
                "ID": known.get("ID"),
                "FIELDS": {k: v for k, v in _handler(plan).items() if k != "CODE"},
            }
            await call(client, plan.webhook, f"{_HANDLER}.update", fields)
            yield Step(ok=True, text=f"обработчик {plan.code} обновлён / handler updated")
    except CallError as error:
        yield Step(ok=False, text=f"обработчик не добавлен / handler not added: {error}", fatal=True)
        return
    async for step in _cashbox(client, plan, fresh=known is None):
        yield step
    yield await rates(client, plan.webhook)


async def _cashbox(client: httpx2.AsyncClient, plan: RestPlan, *, fresh: bool) -> AsyncIterator[Step]:
    """One cashbox: a second run finds the first one's by its name and adds none."""
    try:
        listed = [] if fresh else _rows(await call(client, plan.webhook, "sale.cashbox.list", {}))
        if any(one.get("NAME") == plan.name for one in listed):
            yield Step(ok=True, text="касса уже есть / the cashbox is there already")
            return
        made = await call(client, plan.webhook, "sale.cashbox.add", _box(plan))
    except CallError as error:
        yield Step(ok=False, text=f"касса не добавлена / cashbox not added: {error}", fatal=True)
        return
    state = "включена / active" if plan.active else "выключена: включите её на сайте / inactive: switch it on"
    yield Step(ok=True, text=f"касса {made} добавлена, {state} / cashbox added")


async def rates(client: httpx2.AsyncClient, webhook: str) -> Step:
    """The site's VAT ids, from its catalogue (scope ``catalog``)."""
    try:
        found = await call(
            client, webhook, "catalog.vat.list", {"select": ["id", "name", "rate", "excludeVat"]}
        )
    except CallError as error:
        text = f"ставки НДС не прочитаны, задайте их правилами (id:N) / VAT rates not read, set them as rules: {error}"
        return Step(ok=False, text=text)
    listed = _rows(found.get("vats") if isinstance(found, dict) else found)
    known: dict[str, VatRate] = {}
    for one in listed:
        fields = {
            str(name).lower(): value for name, value in one.items()
        }  # the case differs between versions
        rate = VatRate.NONE if fields.get("excludevat") == "Y" else _rate(fields.get("rate"))
        if rate is not None and fields.get("id"):
            known[f"id:{fields['id']}"] = rate
    words = ", ".join(f"{name} = {rate.label}" for name, rate in known.items()) or "-"
    return Step(ok=True, text=f"ставки НДС сайта / the site's VAT rates: {words}", rates=known)


def _rate(said: Any) -> VatRate | None:
    """A rate in percent; null is "without VAT"."""
    if said is None or said == "":
        return VatRate.NONE
    try:
        return _RATES.get(int(float(said)))
    except (TypeError, ValueError, OverflowError):
        return None


def _rows(found: Any) -> list[dict[str, Any]]:
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def _handler(plan: RestPlan) -> dict[str, Any]:
    """SUPPORTS_FFD105 stands twice: the documentation wants it on top, the code reads it in SETTINGS."""
    support = "Y" if plan.ffd105 else "N"
    config = {
        "CHEKPOINT": {"LABEL": "Chekpoint", "ITEMS": {"NOTE": {"TYPE": "STRING", "LABEL": "Примечание"}}}
    }
    return {
        "CODE": plan.code, "NAME": plan.name, "SUPPORTS_FFD105": support,
        "SETTINGS": {
            "PRINT_URL": f"{plan.address}/print", "CHECK_URL": f"{plan.address}/check", "HTTP_VERSION": "1.1",
            "SUPPORTS_FFD105": support, "CONFIG": config,
        },
    }  # fmt: skip


def _box(plan: RestPlan) -> dict[str, Any]:
    return {
        "NAME": plan.name, "REST_CODE": plan.code, "EMAIL": plan.email, "ACTIVE": "Y" if plan.active else "N",
        "USE_OFFLINE": "N", "SETTINGS": {"CHEKPOINT": {"NOTE": ""}},
    }  # fmt: skip


def _webhook_words(error: CallError) -> str:
    if error.code in {"insufficient_scope", "INVALID_CREDENTIALS", "ACCESS_DENIED", "NO_AUTH_FOUND"}:
        return f"вебхук не подходит: нужны права cashbox / the webhook lacks the scope cashbox: {error}"
    return f"вебхук не отвечает / the webhook does not answer: {error}"


async def door_answers(client: httpx2.AsyncClient, address: str) -> Step:
    """Is the hub's own address there, as the site will see it? An unknown receipt must be answered WAIT."""
    try:
        answer = await client.post(f"{address}/check", data={"uuid": "0"}, timeout=10.0)
        good = answer.status_code == 200 and answer.json() == {"STATUS": "WAIT"}
    except (httpx2.HTTPError, httpx2.InvalidURL, ValueError, OSError) as error:
        return Step(
            ok=False,
            text=f"адрес хаба не отвечает / the hub's address does not answer ({type(error).__name__})",
        )
    if good:
        return Step(ok=True, text="адрес хаба отвечает / the hub's address answers")
    return Step(
        ok=False,
        text=f"по адресу хаба отвечает не хаб (HTTP {answer.status_code}) / another server answers there",
    )
