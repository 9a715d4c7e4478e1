"""Adding a register: its address, what answered there, whose it is, and only then it is ours."""

from collections.abc import AsyncIterator
from typing import Final, NamedTuple

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from chekpoint.core.errors import RegisterError, StoreError
from chekpoint.core.ports import RegisterStatus
from chekpoint.hub.joining import Joining, chosen
from chekpoint.hub.kinds import RegisterKind, Step, Unfilled
from chekpoint.hub.trial import watched
from chekpoint.store import people, views_registers
from chekpoint.web import forms, kind_form, steps
from chekpoint.web.desk import Desk, desk_of, member

_FORM: Final = "register_form.html"


@member
async def kinds(request: Request) -> Response:
    """What can be added."""
    desk = desk_of(request)
    sellers = await desk.store.read(people.sellers)
    return await desk.page(request, "register_kinds.html", kinds=desk.register_kinds, sellers=sellers)


@member
async def ask(request: Request) -> Response:
    """The form of a kind."""
    return await kind_form.blank(request, _FORM, kind_form.of(request, desk_of(request).register_kinds))


@member
async def add(request: Request) -> Response:
    """Check each thing; the register is stored when it is the seller's, or when a person wants it unseen."""
    desk = desk_of(request)
    kind = kind_form.of(request, desk.register_kinds)
    fields = await forms.read(request)
    try:
        sellers = await desk.store.read(people.sellers)
        taken = await desk.store.read(views_registers.names)
        plan = chosen(kind.asks, fields, sellers, taken.values())
        config = desk.config_of(kind, plan.answers)
    except Unfilled as wrong:
        return await kind_form.page(request, _FORM, kind, fields, wrong.faults)
    seller = next(one for one in sellers if one.id == plan.seller_id)
    verbs = Joining(desk.keys, who=request.state.person.login)
    meant = Plan(kind, plan.name, seller, config, bool(fields.get("unseen")))
    found = watched(_steps(desk, meant, verbs), plan.name)
    return await steps.told(desk, request, "register_steps.html", found, name=plan.name)


class Plan(NamedTuple):
    """A register that is to be added."""

    kind: RegisterKind
    name: str
    seller: people.Seller
    config: bytes
    unseen: bool  # also when it does not answer, or is not the seller's


async def _steps(desk: Desk, plan: Plan, verbs: Joining) -> AsyncIterator[Step]:
    good = True
    async for step in _looked(desk, plan):
        good = good and step.ok is not False
        yield step
    if not good and not plan.unseen:
        yield Step(ok=False, words=("Касса не добавлена.", "The register was not added."))
        return
    try:
        key = await desk.store.write(
            lambda tx: verbs.add_register(
                tx, plan.seller.id, plan.name, maker=plan.kind.maker, config=plan.config
            )
        )
    except StoreError as error:
        yield Step(ok=False, words=("Касса не добавлена.", "The register was not added."), detail=str(error))
        return
    await desk.hub.reload()
    yield Step(
        ok=True, detail=f"/registers/{key}",
        words=("Касса добавлена в пул «Все кассы» и уже работает.", "The register is added, and works already."),
    )  # fmt: skip


async def _looked(desk: Desk, plan: Plan) -> AsyncIterator[Step]:
    """Who answers there, whose it is, and can it work?"""
    try:
        status: RegisterStatus = await desk.ask_register(plan.kind.maker, plan.config)
    except RegisterError as error:
        words = (
            "Касса не ответила: проверьте адрес, питание и кабель.",
            "It did not answer: check address and cable.",
        )
        yield Step(ok=False, words=words, detail=error.message)
        return
    yield Step(ok=True, words=("Касса ответила.", "The register answered."), detail=_who(status))
    if status.seller_inn is None:
        yield Step(
            ok=None, words=("ИНН касса не назвала: сверьте сами.", "It did not say its INN: compare it.")
        )
    else:
        same = status.seller_inn.strip() == plan.seller.inn
        good = (f"ИНН совпадает: {plan.seller.inn}.", f"The INN is the same: {plan.seller.inn}.")
        bad = (
            f"Касса зарегистрирована на ИНН {status.seller_inn}, а у продавца {plan.seller.inn}.",
            f"It is registered for the INN {status.seller_inn}, the seller's is {plan.seller.inn}.",
        )
        yield Step(ok=same, words=good if same else bad)
    if status.registration_number:
        number = status.registration_number.strip()
        yield Step(
            ok=None, words=(f"Регистрационный номер {number}: сверьте с карточкой ККТ.",
                            f"Registration number {number}: compare it with the card of the KKT."),
        )  # fmt: skip
    words = ("Готова к работе.", "Ready to work.") if status.ready else ("Пока не готова.", "Not ready yet.")
    yield Step(ok=status.ready or None, words=words, detail=status.message)


def _who(status: RegisterStatus) -> str:
    said = {
        "модель": status.model, "заводской номер": status.serial, "ФН": status.fn, "ФФД": status.ffd,
        "последний ФД": status.last_fd, "смена": status.shift, "не передано в ОФД": status.unsent_count,
        "ФН годен до": status.fn_valid_until,
    }  # fmt: skip
    return "\n".join(f"{name}: {value}" for name, value in said.items() if value is not None)


ROUTES = [
    Route("/registers/new", kinds, methods=["GET"]),
    Route("/registers/new/{way:str}", ask, methods=["GET"]),
    Route("/registers/new/{way:str}", add, methods=["POST"]),
]
