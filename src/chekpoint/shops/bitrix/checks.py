"""Taking the site's checks in: each number once, whatever id, host or register it comes under.

What is taken is on disk before the site hears anything of it. A check that no receipt can be made of is
answered with an error, never with silence; one that was registered before is never answered with an error.
"""

import asyncio
from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from chekpoint.core.clock import epoch_ms
from chekpoint.core.errors import StoreError
from chekpoint.hub.hub import Hub
from chekpoint.hub.intake import Different, Intake, Refused
from chekpoint.hub.shop_rules import ShopRules, Skipped, order_of, without_buyer
from chekpoint.shops.bitrix import ledger, troubles, words
from chekpoint.shops.bitrix.ledger import Entry
from chekpoint.shops.bitrix.names import external_id
from chekpoint.shops.bitrix.reply import Task
from chekpoint.shops.bitrix.tasks import draft_of, is_empty
from chekpoint.shops.bitrix.unreadable import Unreadable
from chekpoint.store import incidents, listing, people
from chekpoint.store.incidents import Words
from chekpoint.store.journal import Tx

REVIVE = 3600.0  # seconds after which a result that nobody took is tried once more
UNHEARD_MOST = 3
KEPT = 30 * 86400.0  # seconds that a told error is watched for a late success, and a lost order remembered


class Taken(NamedTuple):
    """What an answer of the site brought."""

    fresh: int
    known: int
    gone: tuple[int, ...]  # numbers of orders that the site does not know any more


class _Trouble(NamedTuple):
    kind: str
    subject: str
    words: Words


class Checks:
    """The open checks of one site. ``entries`` is what the ledger on disk holds."""

    def __init__(self, hub: Hub, shop: people.Shop, rules: ShopRules) -> None:
        self._hub, self._shop, self._rules = hub, shop, rules
        self.entries: dict[int, Entry] = {}

    async def load(self) -> None:
        """Read the ledger, and let go of what is long over."""
        found = await self._hub.store.read(lambda tx: ledger.load(tx, self._shop.id))
        since = epoch_ms(self._hub.post.clock.now()) - KEPT * 1000
        old = [one.number for one in found.values() if (one.told or one.gone) and one.at < since]
        if old:
            await self._hub.store.write(lambda tx: ledger.drop(tx, self._shop.id, old))
        self.entries = {number: one for number, one in found.items() if number not in old}

    async def take(self, tasks: Sequence[Task]) -> Taken:
        """Take in the checks of one answer. Raises StoreError: then the site hands them out again."""
        found: list[_Trouble] = []
        fresh = [task for task in tasks if self._is_news(task)]
        known = [task for task in tasks if not self._is_news(task)]
        made = await asyncio.gather(*(self._entry(task, found) for task in fresh))
        again = [self._again(task) for task in known]
        news = [one for one in made if one.receipt_id is not None or one.number not in self.entries]
        again += [self._still(one) for one in made if one not in news]
        await self.write([*news, *again], found)
        return Taken(len(news), len(again), tuple(one.number for one in again if one.gone))

    def _still(self, made: Entry) -> Entry:
        """An error as before: how often the site has not heard it is not forgotten."""
        before = self.entries[made.number]
        return msgspec.structs.replace(made, unheard=before.unheard, gone=before.gone, at=before.at)

    def _is_news(self, task: Task) -> bool:
        """A check that was never taken; or one that could not be, whose cause may be mended by now."""
        entry = self.entries.get(task.id.number)
        return entry is None or (entry.receipt_id is None and not is_empty(task.body))

    def _again(self, task: Task) -> Entry:
        """The same check under its newest id: that one is to be echoed."""
        entry = msgspec.structs.replace(self.entries[task.id.number], uuid=task.uuid, told=False)
        now = epoch_ms(self._hub.post.clock.now())
        if entry.gone and now - entry.at > REVIVE * 1000:
            return msgspec.structs.replace(entry, gone=False, unheard=UNHEARD_MOST - 1, at=now)
        return entry

    async def _entry(self, task: Task, found: list[_Trouble]) -> Entry:
        number, now = task.id.number, epoch_ms(self._hub.post.clock.now())
        entry = Entry(number=number, uuid=task.uuid, at=now)
        if is_empty(task.body):
            return await self._empty(entry, found)
        try:
            receipt_id = await self._accept(task, found)
        except Skipped as skipped:
            return await self._error(entry, skipped.ru, words.OTHER_ERROR)
        except Unreadable as error:
            found.append(self._trouble(troubles.REFUSED, number, self._refused(number, error.ru, error.en)))
            return await self._error(entry, error.ru, words.OTHER_ERROR)
        except Refused as refused:
            ru, en = (" ".join(getattr(one, tongue) for one in refused.faults) for tongue in ("ru", "en"))
            found.append(self._trouble(troubles.REFUSED, number, self._refused(number, ru, en)))
            return await self._error(entry, ru, words.error_code([one.code for one in refused.faults]))
        return msgspec.structs.replace(entry, receipt_id=receipt_id)

    async def _accept(self, task: Task, found: list[_Trouble]) -> str:
        draft = draft_of(task.body)
        order = order_of(self._rules, external_id(task.id.number), draft)
        try:
            accepted = await intake_of(self._hub).accept(self._shop, order)
        except Different as other:
            words_ = troubles.changed(self._shop.name, task.id.number)
            found.append(_Trouble(troubles.CHANGED, other.receipt_id, words_))
            return other.receipt_id
        if accepted.fresh and without_buyer(self._rules, draft):
            words_ = troubles.no_buyer(self._shop.name, task.id.number)
            found.append(_Trouble(troubles.NO_BUYER, self._shop.id, words_))
        return accepted.receipt_id

    async def _empty(self, entry: Entry, found: list[_Trouble]) -> Entry:
        """The order was deleted. What was registered before is told as registered, whether the site hears it or not."""
        line = await self._line(entry.number)
        document = f"ФД {line.fd_number}, ФН {line.fn}" if line is not None and line.fn else None
        subject = line.id if line is not None else self._subject(entry.number)
        found.append(
            _Trouble(troubles.DELETED, subject, troubles.deleted(self._shop.name, entry.number, document))
        )
        made = await self._error(entry, "Чек пуст: заказ удалён после создания чека.", words.OTHER_ERROR)
        # Nobody will take it, most likely: it travels with the polls and keeps no other result waiting.
        return msgspec.structs.replace(made, unheard=1)

    async def _error(self, entry: Entry, text: str, code: int) -> Entry:
        """An error, unless the check is known as registered or on its way: that stays true."""
        line = await self._line(entry.number)
        if line is not None:
            return msgspec.structs.replace(entry, receipt_id=line.id)
        return msgspec.structs.replace(entry, code=code, message=text)

    async def _line(self, number: int) -> listing.Line | None:
        wanted = listing.Filter(shop_id=self._shop.id, external_id=external_id(number), limit=1)
        return next(iter(await self._hub.store.read(lambda tx: listing.page(tx, wanted))), None)

    def _refused(self, number: int, ru: str, en: str) -> Words:
        return troubles.refused(self._shop.name, number, ru, en)

    def _subject(self, number: int) -> str:
        return f"{self._shop.id}/{external_id(number)}"

    def _trouble(self, kind: str, number: int, words_: Words) -> _Trouble:
        return _Trouble(kind, self._subject(number), words_)

    async def write(self, entries: Sequence[Entry], found: Sequence[_Trouble] = ()) -> None:
        """Entries and incidents in one transaction; an accepted check closes the incident of its refusal."""
        news = [one for one in entries if self.entries.get(one.number) != one]
        if not news and not found:
            return
        keys = [self._hub.post.keys.new() for _ in found]

        def unit(tx: Tx) -> None:
            ledger.keep(tx, self._shop.id, news)
            for trouble, key in zip(found, keys, strict=True):
                incidents.open_incident(tx, trouble.kind, trouble.subject, trouble.words, key=key)
            for one in news:
                before = self.entries.get(one.number)
                if one.receipt_id is not None and before is not None and before.receipt_id is None:
                    incidents.close(tx, troubles.REFUSED, self._subject(one.number))

        await self._hub.store.write(unit)
        self.entries |= {one.number: one for one in news}

    async def acknowledged(self, entries: Sequence[tuple[Entry, bool]]) -> None:
        """(entry, was it a document). Done; but an error may still be followed by a late success."""
        kept = [msgspec.structs.replace(one, told=True, unheard=0) for one, registered in entries
                if not registered and one.receipt_id is not None]  # fmt: skip
        done = [one.number for one, registered in entries if registered or one.receipt_id is None]

        def unit(tx: Tx) -> None:
            ledger.keep(tx, self._shop.id, kept)
            ledger.drop(tx, self._shop.id, done)

        await self._hub.store.write(unit)
        self.entries |= {one.number: one for one in kept}
        for number in done:
            self.entries.pop(number, None)

    async def unheard(self, outcomes: Sequence[tuple[Entry, str | None]]) -> None:
        """(entry, the document in words). Results that an answer did not acknowledge: the order is gone, in the end."""
        entries, found = [], []
        for entry, document in outcomes:
            count = entry.unheard + 1
            gone = count >= UNHEARD_MOST
            entries.append(msgspec.structs.replace(entry, unheard=count, gone=gone))
            if gone:
                words_ = troubles.deleted(self._shop.name, entry.number, document)
                subject = entry.receipt_id or self._subject(entry.number)
                found.append(_Trouble(troubles.DELETED, subject, words_))
        await self.write(entries, found)


def intake_of(hub: Hub) -> Intake:
    """The hub's intake; StoreError until it has started."""
    if hub.intake is None:
        raise StoreError("the hub has not started yet")
    return hub.intake
