"""The trial receipt of a shop: its own way and rules, on emulated register and operator."""

from collections.abc import AsyncGenerator

from chekpoint.cli.trial_plays import PATIENCE, PLAYS
from chekpoint.cli.trial_stand import FN, TrialStand, trial_stand
from chekpoint.core.clock import SystemClock
from chekpoint.core.lifecycle import Proof, State
from chekpoint.fiscal.money import roubles
from chekpoint.fiscal.printed import as_lines
from chekpoint.fiscal.printed_rows import PrintedStamp
from chekpoint.fiscal.printed_words import METHODS, OBJECTS, TAXATIONS
from chekpoint.fiscal.receipt import Receipt
from chekpoint.hub.content import restore
from chekpoint.hub.kinds import Step, cut
from chekpoint.store import incidents, listing, people, views_receipt

ENDED = frozenset({State.FISCALISED, State.REJECTED, State.CANCELLED, State.EXPIRED})


async def trial(shop: people.Shop) -> AsyncGenerator[Step, None]:
    """Play one receipt for a copy of the shop; see ``hub.trial``."""
    async with trial_stand() as at:
        words = (
            "Эмуляторы кассы и ОФД запущены: фискальной силы нет.",
            "Emulated register and operator are running.",
        )
        yield Step(ok=None, words=words, detail=f"ФН {FN} (испытательный)")
        play = PLAYS[shop.kind](at, shop)
        async for step in play.send():
            yield step
            if step.ok is False:
                return
        found = await _seen(at, Proof.SIGNED)
        if found is not None:
            async for step in _journalled(at, found):
                yield step
        yield await _registered(at, found)
        if found is None or found.state != State.FISCALISED:
            return
        yield await _ticketed(at)
        yield await play.told()


async def _seen(at: TrialStand, proof: Proof) -> listing.Line | None:
    """Wait until the receipt has come so far, or ended otherwise."""
    clock = SystemClock()
    until = clock.monotonic() + PATIENCE
    while True:
        found = await at.line()
        ended = found is not None and State(found.state) in ENDED
        if found is not None and ended and (found.state != State.FISCALISED or found.proof >= proof):
            return found
        if clock.monotonic() > until or (found is None and await _refused(at)):
            return found
        await clock.sleep(0.05)


async def _refused(at: TrialStand) -> list[str]:
    """Why the hub took no receipt: a register that stands is another matter."""
    opened = await at.hub.store.read(incidents.open_now)
    return [one.text_ru for one in opened if one.kind != "register_blocked"]


async def _journalled(at: TrialStand, line: listing.Line) -> AsyncGenerator[Step, None]:
    """What the journal has: the receipt as the rules left it, and each attempt with what was said."""
    whole = await at.hub.store.read(lambda tx: views_receipt.whole(tx, line.id))
    if whole is None:
        return
    words = (
        "Чек записан в журнал хаба до отправки на кассу: таким его сделали модуль и правила магазина.",
        "The receipt is in the hub's journal, as its module and the shop's rules made it.",
    )
    receipt = restore(whole.head.content, whole.head.buyer)
    yield Step(ok=True, words=words, detail="\n".join(_content(receipt)))
    for one in reversed(whole.attempts):
        words = (
            f"Попытка {one.number} на «{one.register}»: запись о ней сделана до первого байта.",
            f"Attempt {one.number}: written before its first byte left.",
        )
        said = [f"→ {cut(each.request)}\n← {cut(each.answer)}" for each in whole.exchanges[one.id]]
        yield Step(
            ok=one.outcome == "registered", words=words, detail="\n".join([f"исход: {one.outcome}", *said])
        )


def _content(receipt: Receipt) -> list[str]:
    """The receipt in the words of the rules, so that one sees what they did."""
    head = [f"СНО: {TAXATIONS[receipt.taxation]}", f"покупатель: {receipt.buyer.contact or '—'}"]
    return head + [
        f"{item.name}: {roubles(item.sum)} ₽, НДС: {item.vat.label}, {METHODS[item.method]}, {OBJECTS[item.object]}"
        for item in receipt.items
    ]


async def _registered(at: TrialStand, found: listing.Line | None) -> Step:
    if found is None:
        said = await _refused(at)
        words = (
            "Хаб не получил чека: правила магазина его не приняли.",
            "No receipt came: the shop's rules refuse it.",
        )
        return Step(ok=False, words=words, detail="\n".join(said))
    if found.state != State.FISCALISED:
        words = ("Касса не зарегистрировала чек.", "The register did not register the receipt.")
        return Step(
            ok=False, words=words, detail=f"{found.state}: {found.error_code or ''} {found.error_text or ''}"
        )
    document = next(d for d in at.register.drive.documents() if d.fd_number == found.fd_number)
    words = (
        f"Чек зарегистрирован: ФД {document.fd_number}, ФПД {document.sign_text}.",
        f"The receipt is registered: FD {document.fd_number}, sign {document.sign_text}.",
    )
    stamp = PrintedStamp(
        fn=document.fn, fd_number=document.fd_number, fiscal_sign=document.sign_text,
        made_at=document.made_at.isoformat(), seller_name="ПРОБА", seller_inn="7700000016",
    )  # fmt: skip
    printed = as_lines(document.receipt, stamp, 42) if document.receipt is not None else []
    return Step(ok=True, words=words, detail="\n".join(printed))


async def _ticketed(at: TrialStand) -> Step:
    found = await _seen(at, Proof.TICKETED)
    if found is not None and found.proof >= Proof.TICKETED:
        words = (
            "Оператор (эмуляция) принял документ и подписал подтверждение.",
            "The emulated operator took it.",
        )
        return Step(ok=True, words=words)
    return Step(ok=False, words=("Подтверждения оператора нет.", "The operator did not confirm it."))
