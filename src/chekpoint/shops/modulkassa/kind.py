"""A shop whose module speaks ModulKassa: it changes one address."""

import secrets as chance
from collections.abc import AsyncIterator, Mapping

import httpx2
import msgspec

from chekpoint.fiscal.receipt import Taxation
from chekpoint.fiscal.rules_parties import is_email
from chekpoint.hub.kinds import Ask, Made, Paste, Step, Unfilled, Words, cut, reached
from chekpoint.hub.passwords import hashed
from chekpoint.shops.account_door import ASK_TAXATION, renewed
from chekpoint.shops.modulkassa.settings import KIND, ModulKassaSettings, settings_of
from chekpoint.store import people


class ModulKassaKind:
    """See ``hub.kinds.ShopKind``."""

    kind = KIND
    way = KIND
    title = ("Модуль «МодульКасса»", "A module for ModulKassa")
    means = (
        "Готовые модули МодульКассы для 1С-Битрикс, WooCommerce, OpenCart и других.",
        "The ready modules of ModulKassa for 1C-Bitrix, WooCommerce, OpenCart and others.",
    )
    asks = (
        ASK_TAXATION,
        Ask(
            "own_email", ("Почта магазина", "The shop's e-mail"),
            (
                "Получит чеки покупателей без контакта; без неё такие чеки не принимаются.",
                "Gets receipts of buyers without a contact; without it such receipts are refused.",
            ),
        ),
    )  # fmt: skip
    again: tuple[Ask, ...] = ()
    renews = ("Новый пароль", "A new password")
    ruled = False

    def make(self, given: Mapping[str, str], _others: list[people.Shop]) -> Made:
        """A login, a password and a retail point of its own; raises Unfilled."""
        if given["own_email"] and not is_email(given["own_email"]):
            raise Unfilled({"own_email": ("Это не адрес почты.", "This is not an e-mail address.")})
        said = {"login": f"shop-{chance.token_hex(4)}@chekpoint", "password": chance.token_urlsafe(18)}
        settings = ModulKassaSettings(
            login=said["login"], password_hash=hashed(said["password"]), retail_point=chance.token_hex(8),
            taxation=Taxation(given["taxation"]), own_email=given["own_email"] or None,
        )  # fmt: skip
        return Made(msgspec.json.encode(settings), said)

    def renew(self, shop: people.Shop, _given: Mapping[str, str], _others: list[people.Shop]) -> Made:
        """The login stays, the password is another; raises Unfilled where the settings cannot be read."""
        return renewed(settings_of(shop))

    def shown(self, shop: people.Shop) -> list[tuple[Words, str]]:
        """Login and retail point."""
        found = settings_of(shop)
        if found is None:
            return []
        return [
            (("Логин", "Login"), found.login), (("Торговая точка", "Retail point"), found.retail_point),
            (("Система налогообложения", "Taxation system"), found.taxation.value),
            (("Почта магазина", "The shop's e-mail"), found.own_email or "—"),
        ]  # fmt: skip

    def pastes(self, shop: people.Shop, address: str, secrets: Mapping[str, str]) -> list[Paste]:
        """The address instead of ModulKassa's, and what the module asks for."""
        found = settings_of(shop)
        where = (
            "Адрес вместо https://service.modulpos.ru/api/fn",
            "Instead of https://service.modulpos.ru/api/fn",
        )
        lines = [Paste(where, f"{address}/api/fn")]
        if found is not None:
            lines += [
                Paste(("Логин", "Login"), found.login),
                Paste(("Идентификатор торговой точки", "Id of the retail point"), found.retail_point),
            ]
        if password := secrets.get("password"):
            lines.append(Paste(("Пароль", "Password"), password, once=True))
        return lines

    async def check(
        self, http: httpx2.AsyncClient, shop: people.Shop, address: str, secrets: Mapping[str, str]
    ) -> AsyncIterator[Step]:
        """Associate as the module will. Without the password a wrong one must be refused."""
        found, password = settings_of(shop), secrets.get("password", "")
        point = found.retail_point if found else "-"
        url = f"{address}/api/fn/v1/associate/{point}"
        login = found.login if found else "-"
        answer = await reached(http, "POST", url, auth=(login, password or "-"))
        if isinstance(answer, Step):
            yield answer
            return
        good = answer.status_code == 200 if password else answer.status_code in {401, 403}
        detail = f"POST {url} → HTTP {answer.status_code}"
        if not good:
            detail += f"\n{cut(answer.text)}"
        if good and password:
            words = ("Привязка торговой точки работает.", "Associating the retail point works.")
        elif good:
            words = ("Адрес отвечает как МодульКасса.", "The address answers as ModulKassa does.")
        else:
            words = (
                "По адресу отвечает не хаб, или вход закрыт.",
                "Something else answers there, or it is closed.",
            )
        yield Step(ok=good, words=words, detail=detail)
