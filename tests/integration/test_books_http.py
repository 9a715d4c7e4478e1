"""The doors of the books as a stranger tries them: no sign-in, no token, no file, too much of everything."""

import io
import re
from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest

from chekpoint.hub.importing import files
from chekpoint.web import uploads
from chekpoint.web.access import first_password
from chekpoint.web.screens import screens
from tests.doubles.bare_register import BareRegister
from tests.doubles.hubs import running

pytestmark = pytest.mark.anyio
IMPORT = "/reconciliation/import"


@pytest.fixture
async def stranger(tmp_path: Path) -> AsyncIterator[tuple[httpx2.AsyncClient, str]]:
    """A client that has not signed in, and the password."""
    async with running(f"sqlite:///{tmp_path}/a.db", {"k1": BareRegister("9999078900001111")}) as hub:
        password = await first_password(hub.store, hub.post.keys)
        assert password is not None
        app = screens(hub, secret_key="books")
        async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://hub") as client:
            yield client, password


@pytest.fixture
async def client(stranger: tuple[httpx2.AsyncClient, str]) -> httpx2.AsyncClient:
    """Signed in."""
    found, password = stranger
    await found.post(
        "/sign-in", data={"login": "admin", "password": password, "csrf": await token(found, "/sign-in")}
    )
    return found


async def token(client: httpx2.AsyncClient, path: str) -> str:
    page = await client.get(path)
    found = re.search(r'name="csrf" value="([^"]+)"', page.text)
    assert found is not None
    return found[1]


async def send(
    client: httpx2.AsyncClient, content: bytes, name: str = "a.csv", **fields: str
) -> httpx2.Response:
    given = {"csrf": await token(client, IMPORT), "kind": "ofd"} | fields
    return await client.post(IMPORT, data=given, files={"file": (name, io.BytesIO(content), "text/csv")})


@pytest.mark.parametrize(
    "path", ["/reconciliation", "/payments", IMPORT, "/reconciliation/2026-11-24/k1", "/reconciliation/export?from=2026-11-01&to=2026-11-30"],
)  # fmt: skip
async def test_a_stranger_is_sent_to_sign_in(stranger: tuple[httpx2.AsyncClient, str], path: str) -> None:
    answer = await stranger[0].get(path)
    assert (answer.status_code, answer.headers["location"].partition("?")[0]) == (303, "/sign-in")


async def test_a_form_without_its_token_changes_nothing(client: httpx2.AsyncClient) -> None:
    assert (await send(client, b"a;b\n", csrf="wrong")).status_code == 403
    assert (await client.post(IMPORT, data={"kind": "ofd"})).status_code == 415
    kept = {"content-type": "multipart/form-data; boundary=x"}
    assert (await client.post(IMPORT, content=b"--x\r\nbroken", headers=kept)).status_code in {400, 403}
    assert (
        await client.post(IMPORT, content=b"", headers={"content-type": "multipart/form-data;"})
    ).status_code == 400
    answer = await client.post("/reconciliation/mismatches/" + "0" * 32 + "/resolve", data={"reason": "x"})
    assert answer.status_code == 403


async def test_what_is_asked_of_a_file_that_is_no_kind_or_no_file(client: httpx2.AsyncClient) -> None:
    assert (await send(client, b"a;b\n", kind="secrets")).status_code == 400
    given = {"csrf": await token(client, IMPORT), "kind": "ofd"}
    many = [("file", (f"{n}.csv", io.BytesIO(b"a;b\n"), "text/csv")) for n in range(3)]
    assert (await client.post(IMPORT, data=given, files=many)).status_code == 400
    text = await client.post(IMPORT, data=given | {"file": "text"}, files={"other": ("", b"")})
    assert text.status_code == 400


async def test_a_file_over_the_limit_is_refused_in_words(
    client: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploads, "FORM_MOST", 4096)
    answer = await send(client, b"a;b\n" * 5000)
    assert answer.status_code == 413
    assert "Слишком много" in answer.text
    monkeypatch.setattr(uploads, "FORM_MOST", 1 << 20)
    monkeypatch.setattr(files, "FILE_MOST", 4096)
    answer = await send(client, b"a;b\n" * 5000)
    assert (answer.status_code, "разделите его" in answer.text) == (422, True)


async def test_a_waiting_file_is_its_own_persons_and_only_for_a_while(
    client: httpx2.AsyncClient, stranger: tuple[httpx2.AsyncClient, str]
) -> None:
    answer = await send(client, "Накопитель;ФД\n1;2\n".encode(), name="../../etc/<b>x</b>\r\n.csv")
    assert answer.status_code == 303
    page = await client.get(answer.headers["location"])
    assert page.status_code == 200
    assert "<b>x</b>" not in page.text
    for _ in range(uploads.KEPT_MOST):
        await send(client, b"a;b\n1;2\n")
    assert (await client.get(answer.headers["location"])).status_code == 404


async def test_a_form_that_no_browser_sends_is_passed_over(client: httpx2.AsyncClient) -> None:
    answer = await send(client, "Накопитель;ФД\n1;2\n".encode())
    page, csrf = answer.headers["location"], await token(client, IMPORT)
    odd = {
        "c²": "fd",
        "c": "fd",
        "c-1": "fd",
        "c999": "fd",
        "c0": "nonsense",
        "unit": "usd",
        "fn": "x",
        "sign": "9",
    }
    for verb in ("look", "take", "explode"):
        answer = await client.post(page, data=odd | {"csrf": csrf, "verb": verb})
        assert answer.status_code in {303, 422}
    assert (await client.get(page)).status_code == 200


async def test_a_verb_that_there_is_not_and_a_mismatch_that_there_is_not(client: httpx2.AsyncClient) -> None:
    csrf = await token(client, IMPORT)
    for path in ("0" * 32 + "/resolve", "x/explode", "%00/resolve"):
        answer = await client.post(f"/reconciliation/mismatches/{path}", data={"csrf": csrf, "reason": "x"})
        assert answer.status_code == 404


@pytest.mark.parametrize("query", ["month=2026-13", "month=x", "month=0001-01", "month=9999-12", "month=%00"])
async def test_a_month_that_there_is_not_is_the_present_one(client: httpx2.AsyncClient, query: str) -> None:
    assert (await client.get(f"/reconciliation?{query}")).status_code == 200


@pytest.mark.parametrize(
    "query", ["before=x", "before=1-2", "before=999999999999999-" + "f" * 32, "before=%00"]
)
async def test_a_page_of_payments_that_there_is_not(client: httpx2.AsyncClient, query: str) -> None:
    assert (await client.get(f"/payments?{query}")).status_code == 200
