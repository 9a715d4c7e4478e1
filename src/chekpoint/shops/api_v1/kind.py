"""A shop with a programmer: it calls our own API."""

from collections.abc import AsyncIterator, Mapping

import httpx2

from chekpoint.hub.kinds import Ask, Made, Paste, Step, Words, cut, reached
from chekpoint.store import people


class ApiKind:
    """See ``hub.kinds.ShopKind``."""

    kind = "api"
    way = "api"
    title = ("Свой магазин через API", "Your own shop through the API")
    means = (
        "Программист магазина отправляет чеки одним запросом; ключ и примеры — на следующем шаге.",
        "The shop's programmer sends receipts with one request; key and examples come with the next step.",
    )
    asks: tuple[Ask, ...] = ()
    again: tuple[Ask, ...] = ()
    renews: Words = ("", "")  # keys are made and revoked one by one
    ruled = False

    def make(self, _given: Mapping[str, str], _others: list[people.Shop]) -> Made:
        """Nothing to ask: a key opens the API."""
        return Made(b"{}", {})

    def renew(self, shop: people.Shop, _given: Mapping[str, str], _others: list[people.Shop]) -> Made:
        """Everything stays."""
        return Made(shop.settings, {})

    def shown(self, _shop: people.Shop) -> list[tuple[Words, str]]:
        """Only the way."""
        return [(("Как", "How"), "API v1")]

    def pastes(self, _shop: people.Shop, address: str, secrets: Mapping[str, str]) -> list[Paste]:
        """The address and, once, the key."""
        found = [
            Paste(("Адрес для POST чеков", "Address to POST receipts to"), f"{address}/api/v1/receipts"),
            Paste(
                ("Описание API (OpenAPI)", "Description of the API (OpenAPI)"),
                f"{address}/api/v1/openapi.json",
            ),
        ]
        if key := secrets.get("key"):
            header = f"Authorization: Bearer {key}"
            found.append(Paste(("Заголовок каждого запроса", "Header of each request"), header, once=True))
        return found

    async def check(
        self, http: httpx2.AsyncClient, _shop: people.Shop, address: str, secrets: Mapping[str, str]
    ) -> AsyncIterator[Step]:
        """Does the address answer, and the key open it?"""
        key = secrets.get("key", "")
        answer = await reached(
            http, "GET", f"{address}/api/v1/registers", headers={"authorization": f"Bearer {key or 'none'}"}
        )
        if isinstance(answer, Step):
            yield answer
            return
        good = answer.status_code == (200 if key else 401)
        yield Step(
            ok=good, detail=f"GET {address}/api/v1/registers → HTTP {answer.status_code}\n{cut(answer.text)}",
            words=("API отвечает, ключ подходит.", "The API answers, the key opens it.") if key and good
            else ("API отвечает.", "The API answers.") if good
            else ("По адресу хаба отвечает не хаб.", "Something else answers at the hub's address."),
        )  # fmt: skip
