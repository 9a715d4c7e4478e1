"""A shop whose module speaks ATOL Online: it changes one address."""

import secrets as chance
from collections.abc import AsyncIterator, Mapping

import httpx2
import msgspec

from chekpoint.fiscal.receipt import Taxation
from chekpoint.hub.kinds import Ask, Made, Paste, Step, Words, cut, reached
from chekpoint.hub.passwords import hashed
from chekpoint.shops.account_door import ASK_TAXATION, renewed
from chekpoint.shops.atol_online.settings import KIND, AtolOnlineSettings, WithoutContact, settings_of
from chekpoint.store import people


class AtolOnlineKind:
    """See ``hub.kinds.ShopKind``."""

    kind = KIND
    way = KIND
    title = ("Модуль «АТОЛ Онлайн»", "A module for ATOL Online")
    means = (
        "WooCommerce, OpenCart, PrestaShop, InSales, свой модуль — всё, что умеет АТОЛ Онлайн v4 или v5.",
        "WooCommerce, OpenCart, PrestaShop, your own: all that speaks ATOL Online v4 or v5.",
    )
    asks = (
        ASK_TAXATION,
        Ask(
            "without_contact", ("Покупатель не оставил контакта", "The buyer left no contact"),
            choices=(
                (WithoutContact.OWN_EMAIL.value, ("чек — на почту магазина", "the receipt goes to the shop's e-mail")),
                (WithoutContact.REFUSE.value, ("отказать в чеке", "refuse the receipt")),
            ), default=WithoutContact.OWN_EMAIL.value,
        ),
    )  # fmt: skip
    again: tuple[Ask, ...] = ()
    renews = ("Новый пароль", "A new password")
    ruled = False

    def make(self, given: Mapping[str, str], _others: list[people.Shop]) -> Made:
        """A login, a password and a group of its own."""
        word = chance.token_hex(4)
        said = {"login": f"shop-{word}", "password": chance.token_urlsafe(18), "group": f"group-{word}"}
        settings = AtolOnlineSettings(
            login=said["login"], password_hash=hashed(said["password"]), group_code=said["group"],
            taxation=Taxation(given["taxation"]), without_contact=WithoutContact(given["without_contact"]),
        )  # fmt: skip
        return Made(msgspec.json.encode(settings), said)

    def renew(self, shop: people.Shop, _given: Mapping[str, str], _others: list[people.Shop]) -> Made:
        """The login stays, the password is another; raises Unfilled where the settings cannot be read."""
        return renewed(settings_of(shop))

    def shown(self, shop: people.Shop) -> list[tuple[Words, str]]:
        """Login and group."""
        found = settings_of(shop)
        if found is None:
            return []
        return [
            (("Логин", "Login"), found.login), (("Код группы", "Group code"), found.group_code),
            (("Система налогообложения", "Taxation system"), found.taxation.value),
        ]  # fmt: skip

    def pastes(self, shop: people.Shop, address: str, secrets: Mapping[str, str]) -> list[Paste]:
        """The address instead of ATOL's, and what the module asks for."""
        found = settings_of(shop)
        lines = [
            Paste(("Адрес вместо https://online.atol.ru (v4, ФФД 1.05)", "Instead of https://online.atol.ru (v4)"),
                  f"{address}/possystem/v4/"),
            Paste(("Он же для v5 (ФФД 1.2)", "The same for v5 (FFD 1.2)"), f"{address}/possystem/v5/"),
        ]  # fmt: skip
        if found is not None:
            lines += [
                Paste(("Логин", "Login"), found.login), Paste(("Код группы", "Group code"), found.group_code),
            ]  # fmt: skip
        if password := secrets.get("password"):
            lines.append(Paste(("Пароль", "Password"), password, once=True))
        return lines

    async def check(
        self, http: httpx2.AsyncClient, shop: people.Shop, address: str, secrets: Mapping[str, str]
    ) -> AsyncIterator[Step]:
        """Sign in as the module will. Without the password a wrong one must be refused in ATOL's words."""
        found, url = settings_of(shop), f"{address}/possystem/v4/getToken"
        password = secrets.get("password", "")
        body = {"login": found.login if found else "", "pass": password or "-"}
        answer = await reached(http, "POST", url, json=body)
        if isinstance(answer, Step):
            yield answer
            return
        good = (
            ('"token"' in answer.text and answer.status_code == 200)
            if password
            else answer.status_code == 401
        )
        detail = f"POST {url} → HTTP {answer.status_code}\n{_without_token(answer.text)}"
        if good and password:
            words = ("Вход под этим логином работает.", "Signing in with this login works.")
        elif good:
            words = ("Адрес отвечает как АТОЛ Онлайн.", "The address answers as ATOL Online does.")
        else:
            words = (
                "По адресу отвечает не хаб, или вход закрыт.",
                "Something else answers there, or it is closed.",
            )
        yield Step(ok=good, words=words, detail=detail)


def _without_token(text: str) -> str:
    head, found, _ = text.partition('"token":"')
    return f'{head}"token":"…"' if found else cut(text)
