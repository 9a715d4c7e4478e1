"""The agent's parts one by one: what it says, in what order it works, what is too old to be begun."""

import asyncio
import random
import shlex
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.applications import Starlette

from chekpoint.app.agent import Agent, AgentSettings
from chekpoint.app.agent_find import add_line
from chekpoint.app.agent_freshness import Freshness, Stale
from chekpoint.app.agent_link import BadSettings, LinkSettings, address, tls, trouble_of
from chekpoint.app.agent_page import page
from chekpoint.app.agent_seats import Seats
from chekpoint.app.compose import BESIDE, CONFIGS, register_makers
from chekpoint.core.clock import SystemClock, epoch_ms
from chekpoint.core.errors import (
    BlockReason,
    NotSent,
    OutcomeUnknown,
    RegisterBlocked,
    RegisterError,
    Rejected,
)
from chekpoint.core.ports import Absent, Attempt, FiscalDocument, Register, Registered, RegisterStatus
from chekpoint.core.witness import Note
from chekpoint.fiscal.ffd import Ffd
from chekpoint.fiscal.receipt import Receipt
from chekpoint.registers.agent import AgentConfig, AgentLimits, AgentRegister, Switchboard, Traits, wire
from chekpoint.registers.agent.line import AnswerLost, Line, Unasked
from chekpoint.store.lanes import RegisterRow
from tests.doubles.bare_register import BareRegister
from tests.doubles.hubs import sale
from tests.unit.fiscal_strategies import receipts

FN = "9999078900000001"


def attempt(receipt: Receipt | None = None) -> Attempt:
    return Attempt(
        id="01932d9b-0000-7000-8000-000000000001", receipt_id="r", receipt=receipt or sale(1).receipt, mark="m" * 16,
        digest="d", fn=FN, last_fd=0, fence=1,
    )  # fmt: skip


def ask(number: int = 1, method: wire.Method = "status", **more: Any) -> wire.Ask:
    fields: dict[str, Any] = {"at": 0, "patience": 5.0, "maker": "shtrih", "config": {"host": "10.0.0.5"}}
    return wire.Ask(id=number, method=method, **{**fields, **more})


# ------------------------------------------------------------------ the wire


@given(st.sampled_from(Ffd).flatmap(receipts))
def test_a_receipt_reaches_the_register_behind_an_agent_as_it_was(receipt: Receipt) -> None:
    sent = ask(method="submit", attempt=attempt(receipt))
    assert wire.from_hub(wire.encode(sent)) == sent


DOCUMENT = FiscalDocument(
    fn=FN, fd_number=7, fiscal_sign="0000000012", total=100, made_at="2026-11-24T10:00:00", items=(("Товар", 100, "1"),)
)  # fmt: skip


@pytest.mark.parametrize(
    ("method", "result"),
    [
        ("status", RegisterStatus(ready=False, block=BlockReason.PAPER_OUT, fn=FN)),
        ("submit", Registered(document=DOCUMENT, evidence="ФД 7", warnings=("w",))),
        ("locate", Absent(evidence="—")),
        ("locate", Registered(document=DOCUMENT, evidence="")),
        ("document", None),
        ("run", wire.Said(text="Наличных 100")),
    ],
)
def test_what_a_register_says_comes_back_whole(method: wire.Method, result: Any) -> None:
    answer = wire.from_agent(wire.encode(wire.answered(1, result, (("вопрос", "ответ"),))))
    assert isinstance(answer, wire.Answer)
    assert wire.outcome(method, answer) == result
    assert answer.notes == (("вопрос", "ответ"),)


@pytest.mark.parametrize(
    "error",
    [
        NotSent("нет", code="1"),
        Rejected("плохой чек", code="4.2"),
        OutcomeUnknown("кто знает"),
        RegisterBlocked(BlockReason.COVER_OPEN, "крышка", code="6B"),
    ],
)
def test_an_error_decides_behind_an_agent_what_it_decides_without_one(error: RegisterError) -> None:
    answer = wire.from_agent(wire.encode(wire.failed(1, error)))
    assert isinstance(answer, wire.Answer)
    with pytest.raises(type(error)) as caught:
        wire.outcome("submit", answer)
    assert (caught.value.message, caught.value.code) == (error.message, error.code)
    assert getattr(caught.value, "reason", None) == getattr(error, "reason", None)


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"type":"answer"}', '{"type":"welcome","at":1}', b"\xff", '{"type":"x"}']
)
def test_what_is_no_message_is_named_so(text: str) -> None:
    with pytest.raises(wire.WireError):
        wire.from_agent(text)


def test_a_result_of_another_method_is_not_taken_for_the_answer() -> None:
    answer = wire.answered(1, RegisterStatus(ready=True))
    with pytest.raises(wire.WireError):
        wire.outcome("submit", answer)


# ------------------------------------------------------------------ how old a question is


class TwoClocks:
    """A wall clock and a monotonic one, turned apart."""

    def __init__(self) -> None:
        self.wall, self.passed = datetime(2026, 11, 24, 9, tzinfo=UTC), 0.0

    def now(self) -> datetime:
        return self.wall

    def monotonic(self) -> float:
        return self.passed

    async def sleep(self, seconds: float) -> None:
        raise AssertionError(seconds)

    def advance(self, seconds: float) -> None:
        self.wall += timedelta(seconds=seconds)
        self.passed += seconds


AHEAD = 3_600_000  # our clock is an hour ahead of the hub's: that is no reason to refuse work


def hub_now(clock: TwoClocks) -> int:
    return epoch_ms(clock.now()) - AHEAD


def test_a_clock_that_is_wrong_by_an_hour_makes_no_question_old() -> None:
    clock = TwoClocks()
    fresh = Freshness(clock, 5.0, hub_now(clock))
    clock.advance(600)
    fresh.check(hub_now(clock))


def test_a_command_that_was_stuck_on_its_way_is_not_begun() -> None:
    clock = TwoClocks()
    fresh = Freshness(clock, 5.0, hub_now(clock))
    sent = hub_now(clock)
    clock.advance(5.1)
    with pytest.raises(Stale):
        fresh.check(sent)


def test_a_computer_that_slept_begins_nothing_of_what_waited_for_it() -> None:
    clock = TwoClocks()
    fresh = Freshness(clock, 5.0, hub_now(clock))
    sent = hub_now(clock)
    clock.wall += timedelta(seconds=60)  # the monotonic clock stands still meanwhile
    with pytest.raises(Stale):
        fresh.beat(sent)
    with pytest.raises(Stale):
        fresh.check(sent)


def test_old_beats_that_arrive_in_a_heap_do_not_make_an_old_command_fresh() -> None:
    clock = TwoClocks()
    fresh = Freshness(clock, 5.0, hub_now(clock))
    sent = hub_now(clock)
    clock.advance(30)
    for _ in range(3):
        with pytest.raises(Stale):
            fresh.beat(sent)
    with pytest.raises(Stale):
        fresh.check(sent + 1)


def test_beats_that_come_ever_later_do_not_stretch_what_is_fresh() -> None:
    clock = TwoClocks()
    fresh = Freshness(clock, 5.0, hub_now(clock))
    for late in range(1, 5):
        clock.advance(15)
        fresh.beat(hub_now(clock) - late * 1000)
    with pytest.raises(Stale):
        fresh.check(hub_now(clock) - 8_000)


def test_slow_drift_of_a_clock_refuses_nothing() -> None:
    clock = TwoClocks()
    fresh = Freshness(clock, 5.0, hub_now(clock))
    for minutes in range(600):
        clock.advance(60)
        fresh.beat(hub_now(clock) - minutes * 20)


# ------------------------------------------------------------------ one command at a time


class SlowRegister(BareRegister):
    """Its submit lasts until it is let go; it notes what began and ended."""

    def __init__(self, note: Note) -> None:
        super().__init__(FN)
        self.note, self.order = note, list[str]()
        self.let_go = asyncio.Event()
        self.closed = False

    async def submit(self, attempt: Attempt) -> Registered:
        self.order.append("submit begins")
        self.note("команда", "ответ")
        await self.let_go.wait()
        made = await super().submit(attempt)
        self.order.append("submit ends")
        return made

    async def locate(self, attempt: Attempt) -> Registered | Absent:
        self.order.append("locate begins")
        return await super().locate(attempt)

    async def aclose(self) -> None:
        self.closed = True


class Stand:
    """Seats over slow registers, each as it was made."""

    def __init__(self) -> None:
        self.made: list[SlowRegister] = []
        self.seats = Seats({"shtrih": self._make, "atol": self._make}, CONFIGS, SystemClock())

    def _make(self, _row: RegisterRow, note: Note) -> Register:
        self.made.append(SlowRegister(note))
        return self.made[-1]

    def carry(self, asked: wire.Ask, began: Callable[[], None] = lambda: None) -> asyncio.Task[wire.Answer]:
        return asyncio.ensure_future(self.seats.carry(asked, began))


async def turn(times: int = 10) -> None:
    for _ in range(times):
        await asyncio.sleep(0)


@pytest.mark.anyio
async def test_locate_begins_when_the_lost_submit_has_ended() -> None:
    stand = Stand()
    first = stand.carry(ask(1, "submit", attempt=attempt()))
    second = stand.carry(ask(2, "locate", attempt=attempt()))
    await turn()
    assert stand.made[0].order == ["submit begins"]
    stand.made[0].let_go.set()
    await asyncio.gather(first, second)
    assert stand.made[0].order == ["submit begins", "submit ends", "locate begins"]
    assert isinstance(wire.outcome("locate", second.result()), Registered)
    assert first.result().notes == (("команда", "ответ"),)


@pytest.mark.anyio
async def test_two_rows_of_one_device_share_its_turn_and_two_devices_do_not() -> None:
    stand = Stand()
    stand.carry(ask(1, "submit", attempt=attempt()))
    same = stand.carry(ask(2, "status", config={"host": "10.0.0.5", "answer_timeout": 3}, patience=0.01))
    other = stand.carry(ask(3, "status", config={"host": "10.0.0.6"}))
    with pytest.raises(RegisterBlocked) as caught:
        wire.outcome("status", await same)
    assert caught.value.reason is BlockReason.BUSY
    assert "submit" in caught.value.message
    assert wire.outcome("status", await other).ready
    stand.made[0].let_go.set()
    await turn()


@pytest.mark.anyio
async def test_a_command_that_is_taken_back_in_time_never_begins() -> None:
    stand, began = Stand(), list[int]()
    stand.carry(ask(1, "submit", attempt=attempt()))
    await turn()
    waiting = stand.carry(ask(2, "submit", attempt=attempt()), lambda: began.append(2))
    await turn()
    waiting.cancel()
    stand.made[0].let_go.set()
    await turn()
    assert began == []
    assert stand.made[0].order == ["submit begins", "submit ends"]
    assert not stand.seats.all()[0].lock.locked()


@pytest.mark.anyio
async def test_changed_settings_close_the_old_wire_before_the_new_one_opens() -> None:
    stand = Stand()
    await stand.carry(ask(1))
    await stand.carry(ask(2, config={"host": "10.0.0.5", "password": 29}))
    assert [one.closed for one in stand.made] == [True, False]


@pytest.mark.anyio
@pytest.mark.parametrize(
    "wrong",
    [{"maker": "unknown"}, {"config": {"host": 5}}, {"method": "submit"}, {"method": "run"}],
)
async def test_a_question_that_cannot_be_asked_blocks_with_words(wrong: dict[str, Any]) -> None:
    answer = await Stand().carry(ask(**{"number": 1, **wrong}))
    with pytest.raises(RegisterBlocked) as caught:
        wire.outcome("submit", answer)
    assert caught.value.reason is BlockReason.CONFIGURATION


def test_only_makers_with_a_driver_here_stand_beside_an_agent() -> None:
    assert set(BESIDE) <= set(register_makers(SystemClock()))
    assert "agent" not in BESIDE


# ------------------------------------------------------------------ the hub's side of a line


def line(instance: str = "one", agent: str = "office") -> Line:
    hello = wire.Hello(protocol=1, version="1", instance=instance, at=0, echo=0)
    return Line(agent, hello, SystemClock())


async def sent(line: Line) -> wire.FromHub:
    return wire.from_hub(await anext(line.outgoing()))


@pytest.mark.anyio
async def test_a_question_that_did_not_leave_is_not_in_doubt() -> None:
    cut, waiting = line(), line()
    cut.cut("gone")
    with pytest.raises(Unasked):
        await cut.ask(ask(method="submit", attempt=attempt()))
    asking = asyncio.ensure_future(waiting.ask(ask(method="submit", attempt=attempt())))
    await turn()
    waiting.cut("gone")
    with pytest.raises(Unasked):
        await asking


@pytest.mark.anyio
async def test_a_question_that_left_is_in_doubt_when_the_line_is_cut() -> None:
    one = line()
    asking = asyncio.ensure_future(one.ask(ask(method="submit", attempt=attempt())))
    await turn()
    await sent(one)
    one.cut("gone")
    with pytest.raises(AnswerLost):
        await asking


@pytest.mark.anyio
async def test_an_agent_may_say_at_the_last_moment_that_it_had_not_begun() -> None:
    one = line()
    asking = asyncio.ensure_future(one.ask(ask(method="submit", patience=0.01, attempt=attempt())))
    await turn()
    asked = await sent(one)
    assert isinstance(asked, wire.Ask)
    assert asked.at > 0
    assert await sent(one) == wire.GiveUp(id=asked.id)
    one.heard(wire.encode(wire.failed(asked.id, RegisterBlocked(BlockReason.BUSY, "не начато"))))
    assert (await asking).fault is not None


@pytest.mark.anyio
async def test_answers_find_their_questions_in_any_order() -> None:
    one = line()
    first, second = (asyncio.ensure_future(one.ask(ask(method="status"))) for _ in range(2))
    await turn()
    numbers = [asked.id for asked in (await sent(one), await sent(one)) if isinstance(asked, wire.Ask)]
    for number, ready in zip(reversed(numbers), (False, True), strict=True):
        one.heard(wire.encode(wire.answered(number, RegisterStatus(ready=ready))))
    assert wire.outcome("status", await first).ready is True
    assert wire.outcome("status", await second).ready is False


@pytest.mark.anyio
async def test_of_two_programs_with_one_key_the_newer_stays() -> None:
    board = Switchboard(SystemClock())
    old, new = line("old"), line("new")
    board.plug(old)
    board.plug(new)
    assert board.line("office") is new
    assert old.lost is not None
    board.unplug(old, "late")
    assert board.line("office") is new


@pytest.mark.anyio
async def test_another_program_does_not_locate_while_the_old_one_may_still_begin() -> None:
    board = Switchboard(SystemClock(), AgentLimits(fresh=60.0))
    register = AgentRegister(
        AgentConfig(agent="office", maker="shtrih"), board, Traits(gives_tickets=True, keeps_archive=True)
    )
    old = line("old")
    board.plug(old)
    asking = asyncio.ensure_future(register.submit(attempt()))
    await turn()
    await sent(old)
    board.unplug(old, "gone")
    with pytest.raises(OutcomeUnknown):
        await asking
    board.plug(line("new"))
    for method in (register.locate, register.submit):
        with pytest.raises(RegisterBlocked) as caught:
            await method(attempt())
        assert caught.value.reason is BlockReason.BUSY
    back = line("old")
    board.plug(back)
    locating = asyncio.ensure_future(register.locate(attempt()))
    await turn()
    asked = await sent(back)
    assert isinstance(asked, wire.Ask)
    assert asked.method == "locate"
    back.heard(wire.encode(wire.answered(asked.id, Absent(evidence="ФН прочитан"))))
    assert await locating == Absent(evidence="ФН прочитан")


@pytest.mark.anyio
@pytest.mark.parametrize("maker", ["unknown", "agent"])
async def test_a_register_of_a_maker_that_no_agent_knows_says_so(maker: str) -> None:
    register = AgentRegister(
        AgentConfig(agent="office", maker=maker), Switchboard(SystemClock()), BESIDE.get(maker)
    )
    with pytest.raises(RegisterBlocked) as caught:
        await register.submit(attempt())
    assert caught.value.reason is BlockReason.CONFIGURATION


@pytest.mark.parametrize("maker", ["atol", "shtrih"])
def test_what_a_driver_can_do_is_known_without_a_connection(maker: str) -> None:
    register = AgentRegister(AgentConfig(agent="office", maker=maker), None, BESIDE[maker])
    assert register.gives_tickets is (maker == "shtrih")
    assert register.keeps_archive is True


# ------------------------------------------------------------------ settings and the page


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ("https://hub.example", "wss://hub.example/agent/v1"),
        ("hub.example:8443", "wss://hub.example:8443/agent/v1"),
        ("http://10.0.0.1:8054/", "ws://10.0.0.1:8054/agent/v1"),
        ("https://shop.example/chekpoint/", "wss://shop.example/chekpoint/agent/v1"),
        ("wss://hub.example/agent/v1", "wss://hub.example/agent/v1"),
    ],
)
def test_a_person_may_give_the_hub_s_address_in_any_usual_form(given: str, wanted: str) -> None:
    assert address(given) == wanted


@pytest.mark.parametrize("given", ["", "ftp://hub", "https://", "https://user@hub"])
def test_an_address_that_cannot_work_is_refused_at_once(given: str) -> None:
    with pytest.raises(BadSettings):
        address(given)


def test_a_file_that_holds_no_certificates_is_named(tmp_path: Any) -> None:
    file = tmp_path / "root.pem"
    for content in (None, "not a certificate"):
        if content is not None:
            file.write_text(content)
        with pytest.raises(BadSettings) as caught:
            tls(LinkSettings(hub="https://hub", key="k", ca=file), "wss://hub/agent/v1")
        assert "root.pem" in str(caught.value)


def test_an_error_without_words_is_still_told_to_a_person() -> None:
    told = trouble_of(ConnectionRefusedError(), LinkSettings(hub="https://hub.example", key="k"))
    assert "hub.example" in told.ru
    assert "hub.example" in told.en


def opened() -> Agent:
    settings = AgentSettings(links=(LinkSettings(hub="http://127.0.0.1:9", key="k"),), page_port=0)
    return Agent(settings, SystemClock(), random.Random(1))


def client(app: Starlette, host: str = "127.0.0.1:16733") -> httpx2.AsyncClient:
    return httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url=f"http://{host}")


@pytest.mark.anyio
async def test_the_page_shows_what_was_found_and_believes_no_register_s_words() -> None:
    agent = opened()
    agent.searched = True
    status = RegisterStatus(
        ready=False, message="<script>alert(1)</script>", serial="0'01", seller_inn="7700000016"
    )
    agent.found = (wire.FoundRegister(maker="atol", where="127.0.0.1:16732", config={}, status=status),)
    async with client(page(agent)) as http:
        shown = await http.get("/")
        english = await http.get("/?lang=en")
    assert "<script>" not in shown.text
    assert "registers add" in shown.text
    assert "не готова" in shown.text
    assert "not ready" in english.text


@pytest.mark.anyio
async def test_the_page_is_for_this_computer_only() -> None:
    agent = opened()
    async with client(page(agent), "evil.example") as http:
        assert (await http.get("/")).status_code == 421
    async with client(page(agent)) as http:
        refused = await http.post("/search", headers={"origin": "https://evil.example"})
        assert refused.status_code == 403
        assert not agent._search.is_set()
        taken = await http.post("/search", headers={"origin": "http://127.0.0.1:16733"})
        assert taken.status_code == 303
        assert agent._search.is_set()


def test_a_name_with_quotes_does_not_break_out_of_the_line_to_be_copied() -> None:
    status = RegisterStatus(ready=True, serial="1'; rm -rf /; '", seller_inn="7700000016")
    found = wire.FoundRegister(maker="atol", where="x", config={"base_url": "http://h/'"}, status=status)
    words = shlex.split(add_line("на'кассе", found))
    assert words[:4] == ["chekpoint", "registers", "add", "Касса 1'; rm -rf /; '"]
    assert msgspec.json.decode(words[-1])["agent"] == "на'кассе"
