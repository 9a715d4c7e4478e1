"""The driver's web server, both generations: what a client must be able to rely on."""

import asyncio
from typing import Any

import pytest

from chekpoint.emulators.atol_web.access import Credentials, WeakPassword
from chekpoint.fiscal import qr
from tests.atol_web_rig import Rig, make_register, position, rig, sell

pytestmark = pytest.mark.anyio
V1, V2 = "", "/api/v2"
TOO_LATE = "Задание с UUID [a] для устройства [1] нельзя отменить (выполнено, выполняется или уже отменено)"


async def test_a_receipt_is_on_the_drive_with_the_number_the_client_was_told() -> None:
    async with rig() as r:
        result = await r.one("a", sell(position(), {"type": "additionalAttribute", "value": "ORDER7"}))
        params = result["result"]["fiscalParams"]
        document = r.register.drive.document(params["fiscalDocumentNumber"])
        assert params["fiscalDocumentSign"] == document.sign_text
        assert isinstance(params["fiscalDocumentSign"], str)
        assert params["total"] == 100.0
        assert params["fiscalReceiptNumber"] == 1
        assert params["fiscalDocumentDateTime"] == "2026-11-02T12:00:00+03:00"
        assert document.receipt is not None
        assert document.receipt.note == "ORDER7"


async def test_the_document_read_back_names_the_same_sale() -> None:
    async with rig() as r:
        mark = {"type": "userAttribute", "name": "Заказ", "value": "A-1"}
        note = {"type": "additionalAttribute", "value": "ORDER7"}
        await r.one("a", sell(position("Шуба", 51.25), position("Бананы"), mark, note))
        last = (await r.one("b", {"type": "getFnStatus"}))["result"]["fnStatus"]["fiscalDocumentNumber"]
        task = {"type": "getFnDocument", "fiscalDocumentNumber": last, "withRawData": True}
        result = (await r.one("c", task))["result"]
        shown = result["documentTLV"]
        assert shown["fiscalDocumentType"] == "receipt"
        assert (shown["1020"], shown["1054"], shown["1192"]) == (151.25, 1, "ORDER7")
        assert shown["1084"] == {"1085": "Заказ", "1086": "A-1"}
        assert [item["1030"] for item in shown["1059"]] == ["Шуба", "Бананы"]
        assert shown["1077"] == f"2104{r.register.drive.document(last).fiscal_sign:08X}"
        assert qr.read(shown["qr"]).fd_number == last
        assert bytes.fromhex(result["rawData"]) == r.register.drive.document(last).tlv
        assert (await r.one("d", task | {"fiscalDocumentNumber": last + 1}))["error"]["code"] == 123


@pytest.mark.parametrize("ffd", ["1.05", "1.2"])
async def test_every_kind_of_receipt_and_correction_is_signed_as_that_kind(ffd: str) -> None:
    correction = {"correctionType": "self", "correctionBaseDate": "2026.10.01", "correctionBaseNumber": "5"}
    kinds = {"sell": (3, 1), "sellReturn": (3, 2), "buy": (3, 3), "buyReturn": (3, 4)}
    corrections = {"sellCorrection": (31, 1), "buyCorrection": (31, 3)}
    if ffd == "1.2":
        corrections |= {"sellReturnCorrection": (31, 2), "buyReturnCorrection": (31, 4)}
    async with rig(ffd=ffd) as r:
        for name, (code, kind) in (kinds | corrections).items():
            body = sell(type=name) | (correction if name in corrections else {})
            if name in corrections and ffd == "1.05":
                body = {key: value for key, value in body.items() if key != "items"} | {"taxes": []}
            result = await r.one(name, body)
            assert result["status"] == "ready", (name, result)
            document = r.register.drive.document(result["result"]["fiscalParams"]["fiscalDocumentNumber"])
            assert (document.code, document.kind, document.total) == (code, kind, 10_000)


async def test_the_same_uuid_never_makes_a_second_document() -> None:
    async with rig() as r:
        await r.one("a", sell())
        before = r.register.drive.last_fd
        for prefix in (V1, V2):
            assert (await r.post("a", sell(), prefix=prefix)).status_code == 409
        again = await r.post("a", sell())
        text = "Не удалось добавить задание с UUID [a], задание с таким UUID уже есть"
        assert again.json() == {"error": {"code": 505, "description": text}}
        r.clock.advance(30 * 24 * 3600 - 60)
        assert (await r.post("a", {"type": "getFnStatus"})).status_code == 409
        assert r.register.drive.last_fd == before
        r.clock.advance(120)
        assert (await r.post("a", {"type": "getFnStatus"})).status_code == 201


async def test_the_first_generation_answers_in_its_own_shapes() -> None:
    async with rig(generation="v1") as r:
        answer = await r.http.post("/requests/", json={"uuid": "a", "request": sell()})
        assert (answer.status_code, answer.content) == (201, b"")
        (result,) = await r.finished("a", V1)
        assert (result["status"], result["errorCode"], result["errorDescription"]) == (
            "ready",
            0,
            "Ошибок нет",
        )
        assert "error" not in result
        stat = (await r.http.get("/stat/requests")).json()
        assert stat == {
            "ready_count": 1, "not_ready_count": 0, "canceled_count": 0, "is_blocked": False, "block_request_uuid": "",
        }  # fmt: skip
        missing = await r.http.get("/requests/nobody")
        assert (missing.status_code, missing.headers["content-type"].split(";")[0]) == (404, "text/html")
        done = await r.http.delete("/requests/a")
        assert done.status_code == 405
        assert "Task done or canceled" in done.text
        assert (await r.http.get("/api/v2/serverInfo")).status_code == 404
        assert (await r.http.get("/")).status_code == 200


async def test_the_first_generation_takes_one_fiscal_task_per_request() -> None:
    async with rig() as r:
        refused = await r.post("a", sell(), {"type": "closeShift"}, prefix=V1)
        assert refused.status_code == 400
        assert "Too many fiscal sub-tasks - 2" in refused.text
        assert r.register.drive.last_fd == 1
        await r.post("a", sell(), {"type": "reportX"}, prefix=V1)
        assert [x["status"] for x in await r.finished("a", V1)] == ["ready", "ready"]


async def test_the_second_generation_answers_in_its_own_shapes() -> None:
    async with rig(generation="v2") as r:
        answer = await r.post("a", sell())
        assert answer.json() == {
            "number": 1, "uuid": "a", "isBlocked": False, "blockedUUID": "", "blockReason": "",
        }  # fmt: skip
        await r.finished("a")
        missing = await r.http.get("/api/v2/requests/x?deviceID=1")
        text = "Задание с UUID [x] для устройства [1] не найдено"
        assert (missing.status_code, missing.json()["error"]["description"]) == (404, text)
        done = await r.http.delete("/api/v2/requests/a")
        assert (done.status_code, done.json()["error"]["description"]) == (409, TOO_LATE)
        nobody = await r.http.get("/api/v2/requests/a", params={"deviceID": "77"})
        assert nobody.json()["error"]["description"] == "Устройство с ID [77] не найдено"
        assert (await r.http.get("/requests/a")).status_code == 404
        assert set((await r.http.get("/api/v2/serverInfo")).json()) == {
            "serverVersion", "driverVersion", "os", "currentDateTime",
        }  # fmt: skip


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (b"{", "JSON"), (b"[]", "JSON"), (b"\xff\xfe", "JSON"), (b'"a"', "JSON"), (b"[" * 5000, "JSON"),
        (b'{"uuid":"a"}', "Поле 'request' не задано или пустое"),
        (b'{"uuid":"a","request":[]}', "Поле 'request' не задано или пустое"),
        (b'{"uuid":"a","request":[1]}', "Поле 'request' не задано или пустое"),
        (b'{"request":[{"type":"sell"}]}', "Поле 'uuid' не задано"),
        (b'{"uuid":7,"request":[{"type":"sell"}]}', "Поле 'uuid' не задано"),
    ],
)  # fmt: skip
async def test_a_broken_envelope_is_refused_in_words(body: bytes, text: str) -> None:
    async with rig() as r:
        for prefix in (V1, V2):
            answer = await r.http.post(f"{prefix}/requests", content=body)
            assert answer.status_code == 400
            assert text.replace("'", "&#x27;") in answer.text if prefix == V1 else text in answer.text


async def test_an_unknown_path_is_refused_in_the_shape_of_its_generation() -> None:
    async with rig() as r:
        for method, path, status in (("GET", "/nowhere", 404), ("PATCH", "/requests/a", 405)):
            assert (await r.http.request(method, path)).status_code == status
            answer = await r.http.request(method, f"/api/v2{path}")
            assert (answer.status_code, answer.json()["error"]["code"]) == (status, 505)


async def test_a_fault_of_the_emulator_itself_does_not_stop_the_queue(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with rig() as r:
        r.register.drive = None  # type: ignore[assignment]
        r.register.state = lambda: (_ for _ in ()).throw(ZeroDivisionError)  # type: ignore[method-assign]
        assert (await r.one("a", {"type": "getDeviceInfo"}))["error"]["code"] == 15
        assert "unforeseen" in caplog.text
        assert (await r.one("b", {"type": "clearMarkingCodeValidationResult"}))["status"] == "ready"


async def test_a_task_that_makes_no_sense_is_an_error_and_the_rest_is_interrupted() -> None:
    async with rig() as r:
        await r.post("a", {"type": "dance"}, {"type": "getFnStatus"}, {"no": "type"})
        results = await r.finished("a")
        assert [x["status"] for x in results] == ["error", "interrupted", "interrupted"]
        assert results[0]["error"] == {
            "code": 501,
            "description": 'Некорректное значение поля "type" (dance)',
        }
        text = "Выполнение прервано из-за предыдущих ошибок"
        assert results[1]["error"] == {"code": 502, "description": text}
        assert (await r.one("b", {"no": "type"}))["error"]["description"] == 'Поле "type" отсутствует'


async def test_a_bad_task_can_be_refused_when_it_is_posted() -> None:
    async with rig() as r:
        await r.http.put("/api/v2/settings", json={"validateRequestsOnAdd": True})
        refused = await r.post("a", {"type": "sell"})
        assert (refused.status_code, refused.json()["error"]["code"]) == (420, 501)
        assert (await r.http.put("/api/v2/settings", json={"deleteRequestsAfter": "soon"})).status_code == 400
        assert (await r.http.get("/api/v2/settings")).json()["validateRequestsOnAdd"] is True


async def test_a_shift_opens_by_itself_and_refuses_after_24_hours() -> None:
    async with rig() as r:
        shift = {"type": "getShiftStatus"}
        assert (await r.one("a", shift))["result"]["shiftStatus"]["state"] == "closed"
        await r.one("b", sell())
        status = (await r.one("c", shift))["result"]["shiftStatus"]
        assert (status["state"], status["expiredTime"]) == ("opened", "2026-11-03T12:00:00+03:00")
        assert (await r.one("d", {"type": "openShift"}))["error"]["code"] == 83
        r.clock.advance(24 * 3600 + 1)
        before = r.register.drive.last_fd
        assert (await r.one("e", shift))["result"]["shiftStatus"]["state"] == "expired"
        assert (await r.one("f", sell()))["error"] == {"code": 68, "description": "Смена превысила 24 часа"}
        assert r.register.drive.last_fd == before
        closed = await r.one("g", {"type": "closeShift", "operator": {"name": "Иванов"}})
        assert closed["result"]["fiscalParams"]["receiptsCount"] == 1
        assert (await r.one("h", {"type": "closeShift"}))["error"]["code"] == 73


@pytest.mark.parametrize(("paid", "form", "code"), [(1, "cash", 66), (101, "electronically", 52)])
async def test_a_wrongly_paid_receipt_makes_no_document_but_may_open_the_shift(
    paid: int, form: str, code: int
) -> None:
    async with rig() as r:
        result = await r.one("a", sell(position(), paid=paid, form=form))
        assert (result["status"], result["error"]["code"]) == ("error", code)
        assert [d.code for d in r.register.drive.documents()] == [1, 2]
        assert (await r.one("b", sell()))["status"] == "ready"


async def test_money_in_the_drawer_is_counted() -> None:
    async with rig() as r:
        assert (await r.one("a", {"type": "cashIn", "cashSum": 1345}))["result"] == {
            "counters": {"cashSum": 1345.0}
        }
        assert (await r.one("b", {"type": "cashOut", "cashSum": 45.5}))["result"] == {
            "counters": {"cashSum": 1299.5}
        }
        assert (await r.one("c", {"type": "cashOut", "cashSum": 5000}))["error"]["code"] == 80
        drawer = (await r.one("d", {"type": "getCashDrawerStatus"}))["result"]
        assert drawer["counters"]["cashSum"] == 1299.5


async def test_the_queue_to_the_operator_is_told_in_both_sets_of_names() -> None:
    async with rig() as r:
        await r.one("a", sell())
        task = (await r.one("b", {"type": "ofdExchangeStatus"}))["result"]
        assert (task["status"]["notSentCount"], task["status"]["notSentFirstDocNumber"]) == (3, 1)
        query = (await r.http.post("/api/v2/operations/queryOfdExchangeStatus")).json()
        assert query == {"ofdExchangeStatus": task["status"], "ofdExchangeErrors": task["errors"]}
        report = (await r.one("c", {"type": "reportOfdExchangeStatus"}))["result"]
        assert report["fiscalParams"]["fiscalDocumentNumber"] == 4
        assert report["status"]["notSentCount"] == 4


@pytest.mark.parametrize(
    ("task", "key"),
    [
        ("getDeviceInfo", "deviceInfo"), ("getDeviceStatus", "deviceStatus"), ("getFnInfo", "fnInfo"),
        ("getRegistrationInfo", "organization"), ("getLicenses", "licenses"), ("getFnStatus", "fnStatus"),
    ],
)  # fmt: skip
async def test_questions_are_answered_even_without_paper(task: str, key: str) -> None:
    async with rig() as r:
        r.register.paper = False
        assert key in (await r.one("a", {"type": task}))["result"]
        r.register.link_off()
        assert (await r.one("b", {"type": task}))["error"] == {"code": 2, "description": "Нет связи"}


async def test_a_query_says_that_the_driver_is_busy_rather_than_hang() -> None:
    async with rig() as r:
        r.register.seconds_per_receipt = 60
        await r.post("a", sell(electronically=False))
        await r.until(lambda: r.clock.sleepers == 1)
        assert (await r.look("a"))[0]["status"] == "inProgress"
        query = asyncio.create_task(r.http.post("/api/v2/operations/queryFnStatus"))
        await r.until(lambda: r.clock.sleepers == 2)
        r.clock.advance(30)
        assert (await query).status_code == 408
        r.clock.advance(30)
        assert (await r.finished("a"))[0]["status"] == "ready"
        r.register.link_off()
        failed = await r.http.post("/api/v2/operations/queryFnStatus")
        assert (failed.status_code, failed.json()["error"]["code"]) == (420, 2)
        unknown = await r.http.post("/api/v2/operations/queryShiftStatus")
        assert unknown.json()["shiftStatus"]["state"] == "unknown"
        assert (await r.http.post("/api/v2/operations/queryWeather")).status_code == 404


@pytest.mark.parametrize(("prefix", "late"), [(V1, 405), (V2, 409)])
async def test_only_a_request_that_waits_can_be_cancelled(prefix: str, late: int) -> None:
    async with rig() as r:
        r.register.seconds_per_receipt = 5
        await r.post("a", sell(electronically=False), prefix=prefix)
        await r.post("b", sell(), prefix=prefix)
        await r.until(lambda: r.clock.sleepers == 1)
        assert (await r.http.delete(f"{prefix}/requests/a")).status_code == late
        assert (await r.http.delete(f"{prefix}/requests/b")).status_code == 200
        assert (await r.http.delete(f"{prefix}/requests/b")).status_code == late
        r.clock.advance(5)
        await r.finished("a", prefix)
        (canceled,) = await r.look("b", prefix)
        assert canceled["status"] == "canceled"
        assert (canceled.get("errorCode") or canceled["error"]["code"]) == 503
        assert r.register.drive.last_fd == 3
        assert (await r.http.get("/stat/requests")).json()["canceled_count"] == 1


async def test_a_stranger_gets_nothing_but_the_servers_name() -> None:
    secret = Credentials(user="kassa", password="Correct-Horse-1")
    async with rig(credentials=secret) as r:
        assert (await r.http.get("/api/v2/devices")).status_code == 401
        assert (await r.http.get("/api/v2/serverInfo")).status_code == 200
        for auth in (("stranger", ""), ("kassa", "wrong")):
            refused = await r.http.post(
                "/api/v2/requests", json={"uuid": "a", "request": [sell()]}, auth=auth
            )
            assert refused.status_code == 401
            assert refused.json()["error"]["description"] == "unauthorized"
            assert (await r.http.get("/requests/a", auth=auth)).status_code == 401
        r.http.auth = ("kassa", "Correct-Horse-1")
        assert (await r.one("a", sell()))["status"] == "ready"


@pytest.mark.parametrize(
    "password", ["short-A1", "no-digits-At-all", "NO-SMALL-LETTERS-1", "no-capitals-at-1"]
)
def test_a_weak_password_is_refused_at_the_start(password: str) -> None:
    with pytest.raises(WeakPassword):
        Credentials(user="kassa", password=password)


async def test_a_client_that_changes_its_address_is_locked_out_for_a_day() -> None:
    async with rig(one_address=True) as r:
        other = make_client(r, "10.0.0.2")
        assert (await r.http.get("/api/v2/devices")).status_code == 200
        refused = await other.get("/api/v2/devices")
        assert (refused.status_code, refused.json()["error"]["description"]) == (
            401,
            "IP address was changed less than a day ago",
        )
        r.clock.advance(24 * 3600)
        assert (await other.get("/api/v2/devices")).status_code == 200


def make_client(r: Rig, address: str) -> Any:
    import httpx2

    transport = httpx2.ASGITransport(r.web.app, client=(address, 1234))
    return httpx2.AsyncClient(transport=transport, base_url="http://register")


async def test_two_devices_have_two_drives_and_two_queues() -> None:
    from chekpoint.emulators.atol_web.face import AtolWeb
    from tests.atol_web_rig import ManualClock

    clock = ManualClock()
    registers = {"1": make_register(clock, number=1), "shop": make_register(clock, number=2)}
    web = AtolWeb(registers, clock=clock)
    running = asyncio.create_task(web.run())
    r = Rig(web, clock, registers["1"], web.faults)
    for device in registers:
        where = {"deviceID": device}
        await r.http.post("/api/v2/requests", params=where, json={"uuid": "same", "request": [sell()]})
    await r.until(lambda: all(register.drive.last_fd == 3 for register in registers.values()))
    await r.http.post("/api/v2/setDefaultDevice", json={"id": "shop"})
    result = (await r.finished("same"))[0]
    assert result["result"]["fiscalParams"]["fnNumber"] == "9999078900000002"
    await r.http.post("/api/v2/deactivateDevice")
    assert (await r.post("b", sell())).status_code == 403
    assert [
        (d["id"], d["isActive"], d["isDefault"]) for d in (await r.http.get("/api/v2/devices")).json()
    ] == [
        ("1", True, False),
        ("shop", False, True),
    ]
    await r.http.post("/api/v2/setDefaultDevice", json={"id": ""})
    missing = await r.post("c", sell())
    assert (missing.status_code, missing.json()["error"]["description"]) == (
        404,
        "Устройство по умолчанию не задано",
    )
    running.cancel()
    await asyncio.wait({running})
    web.close()


async def test_the_client_is_called_back_until_it_says_200() -> None:
    heard: list[tuple[str, bytes]] = []

    async def deliver(url: str, body: bytes) -> int | None:
        heard.append((url, body))
        return None if len(heard) == 1 else 200

    async with rig(deliver=deliver) as r:
        body = {"uuid": "a", "request": [sell()], "callbacks": {"resultUrl": "http://shop.example/done"}}
        assert (await r.http.post("/api/v2/requests", json=body)).status_code == 201
        await r.until(lambda: len(heard) == 1 and r.clock.sleepers == 1)
        r.clock.advance(5)
        await r.until(lambda: len(heard) == 2)
        assert b'"uuid":"a"' in heard[1][1]
        assert b"fiscalDocumentSign" in heard[1][1]
        body = {"uuid": "b", "request": [sell()], "callbacks": {"resultUrl": "ftp://shop"}}
        assert (await r.http.post("/api/v2/requests", json=body)).status_code == 400


@pytest.mark.parametrize(("mode", "code"), [("407", 407), ("422", 422)])
async def test_a_marking_check_that_never_ends_can_be_cancelled(mode: str, code: int) -> None:
    async with rig() as r:
        begin = {"type": "beginMarkingCodeValidation", "params": {"imcType": "auto", "imc": "MDEwNA=="}}
        ask = {"type": "getMarkingCodeValidationStatus"}
        assert (await r.one("a", begin))["result"]["offlineValidation"]["fmCheck"] is True
        await r.http.post("/control/marking", json={"mode": "never"})
        assert (await r.one("b", ask))["result"]["ready"] is False
        await r.http.post("/control/marking", json={"mode": mode})
        assert (await r.one("c", ask))["error"]["code"] == code
        assert (await r.one("d", begin))["error"]["code"] == 407
        assert (await r.one("e", {"type": "cancelMarkingCodeValidation"}))["status"] == "ready"
        await r.http.post("/control/marking", json={"mode": "ready"})
        await r.one("f", begin)
        assert (await r.one("g", ask))["result"]["ready"] is True
        accepted = (await r.one("h", {"type": "acceptMarkingCode"}))["result"]["itemInfoCheckResult"]
        assert accepted["imcCheckResult"] is True
        assert (await r.http.post("/control/marking", json={"mode": "maybe"})).status_code == 400


async def test_an_unchecked_mark_is_never_closed_into_a_receipt() -> None:
    async with rig() as r:
        await r.http.post("/control/marking", json={"mode": "422"})
        item = position(
            paymentObject="commodityWithMarking", imcParams={"imc": "MDEwNDYwNTAzNTAwNjk2NDIxNU9veUU="}
        )
        task = sell(item, validateMarkingCodes=True)
        assert (await r.one("a", task))["error"]["code"] == 422
        assert [d.code for d in r.register.drive.documents()] == [1, 2]
        await r.http.post("/control/marking", json={"mode": "ready"})
        result = await r.one("b", task)
        assert result["status"] == "ready", result
        signed = r.register.drive.document(3).receipt
        assert signed is not None
        assert signed.items[0].mark_check == 15
