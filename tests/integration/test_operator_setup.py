"""``chekpoint setup ofd`` as a person types it: settings are checked, the account is asked, then it is kept."""

import asyncio
import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest
import uvicorn

from chekpoint.app.compose import OPERATOR_CONFIGS, operator_makers
from chekpoint.core.clock import SystemClock
from chekpoint.emulators.fns.service import MASTER_TOKEN
from chekpoint.emulators.ofd.cabinet import API_KEY, LOGIN, PASSWORD
from chekpoint.emulators.stand import ofd_app
from tests.contract.http_bench import listening
from tests.contract.operator_bench import INN, World
from tests.contract.test_operator_contract import BENCHES
from tests.integration.test_cli import NOWHERE, Shell
from tests.waiting import until

SETTINGS: dict[str, dict[str, Any]] = {
    "ofd_ru": {"token": API_KEY},
    "first_ofd": {"api_key": API_KEY},
    "kontur": {"login": LOGIN, "password": PASSWORD, "api_key": API_KEY},
    "taxcom": {"login": INN, "password": PASSWORD, "integrator_id": API_KEY},
}


@contextmanager
def cabinet() -> Iterator[str]:
    """The emulated operator with a register's documents, served from a thread; its address."""
    world = World(BENCHES["ofd_ru"])
    listener = listening(0)
    config = uvicorn.Config(ofd_app(world.ofd), ws="none", log_level="warning")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(20)
        world.ofd.close()
        world.drive.close()


@pytest.fixture
def chekpoint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shell:
    monkeypatch.chdir(tmp_path)
    shell = Shell(tmp_path)
    shell("setup", "seller", INN, "ООО «Ромашка»")
    return shell


def settings_of(operator: str, url: str) -> dict[str, Any]:
    base = url + BENCHES[operator].prefix
    more = {name: base + path for name, path in BENCHES[operator].addresses.items()}
    return {"base_url": base, **more, **SETTINGS[operator]}


def test_every_operator_has_its_settings_and_its_client() -> None:
    assert set(OPERATOR_CONFIGS) == set(operator_makers(SystemClock()))
    assert set(SETTINGS) <= set(OPERATOR_CONFIGS)


def test_account_is_asked_and_then_kept(chekpoint: Shell) -> None:
    with cabinet() as url:
        for operator in SETTINGS:
            said = chekpoint("setup", "ofd", INN, operator, json.dumps(settings_of(operator, url)))
            assert "ККТ 0000000001002292 ФН 9999078900000001" in said
    rows = chekpoint.rows("SELECT operator, config FROM ofd_account ORDER BY id")
    assert [operator for operator, _ in rows] == list(SETTINGS)
    assert all(json.loads(str(bytes(config), "utf-8"))["inn"] == INN for _, config in rows)  # type: ignore[call-overload]


def test_secrets_may_come_from_a_file(chekpoint: Shell, tmp_path: Path) -> None:
    path = tmp_path / "ofd.json"
    path.write_text(json.dumps({"api_key": "key"}), "utf-8")
    assert chekpoint("setup", "ofd", INN, "first_ofd", f"@{path}", "--no-check").strip()
    assert "ofd-9.json" in chekpoint("setup", "ofd", INN, "first_ofd", "@ofd-9.json", code=2)


def test_account_that_refuses_or_is_not_there_is_not_kept(chekpoint: Shell) -> None:
    with cabinet() as url:
        wrong = settings_of("first_ofd", url) | {"api_key": "wrong"}
        assert "не принял" in chekpoint("setup", "ofd", INN, "first_ofd", json.dumps(wrong), code=2)
    gone = settings_of("ofd_ru", NOWHERE) | {"min_interval": 0}
    assert "не отвечает" in chekpoint("setup", "ofd", INN, "ofd_ru", json.dumps(gone), code=2)
    assert chekpoint.rows("SELECT count(*) FROM ofd_account") == [(0,)]


@pytest.mark.parametrize(
    ("operator", "settings", "said"),
    [
        ("taxkom", "{}", "first_ofd"),
        ("ofd_ru", "{", "не читаются"),
        ("ofd_ru", "[]", "не читаются"),
        ("ofd_ru", "{}", "token"),
        ("ofd_ru", '{"token": 5}', "$.token"),
        ("ofd_ru", '{"token": "x", "tokn": "y"}', "tokn"),
        ("ofd_ru", '{"token": "x", "inn": "7707083893"}', "другой|another"),
        ("ofd_ru", '{"token": "x", "zone": "Mars/Olympus"}', "пояса"),
        ("ofd_ru", '{"token": "x", "base_url": "ofd.ru"}', "base_url"),
        ("ofd_ru", '{"token": "x", "min_interval": -1}', "min_interval"),
        ("ofd_ru", '{"token": "x", "ca_file": "/nowhere.pem"}', "ca_file"),
        ("first_ofd", "{}", "api_key"),
        ("first_ofd", '{"api_key": "x", "period_names": "since"}', "period_names"),
        ("first_ofd", '{"api_key": "x", "sums": "rubles"}', "sums"),
        ("first_ofd", '{"api_key": "x", "auth_path": "auth"}', "auth_path"),
        ("taxcom", '{"login": "x", "password": "y"}', "integrator_id"),
        ("taxcom", '{"integrator_id": "x", "login": "y"}', "password"),
        ("taxcom", '{"integrator_id": "x", "integration_token": "y", "page_size": 0}', "page_size"),
        ("fns", "{}", "master_token"),
        ("fns", '{"master_token": "x", "base_url": "nalog.ru"}', "base_url"),
        ("fns", '{"master_token": "x", "plan": {"share": 7}}', "$.plan.share"),
        ("fns", '{"master_token": "x", "ca_file": "/nowhere.pem"}', "ca_file"),
        ("kontur", '{"login": "x", "password": "y", "api_key": ""}', "api_key"),
        ("kontur", '{"login": "x", "password": "y", "api_key": "z", "page": 5000}', "page"),
        ("kontur", '{"login": "x", "password": "y", "api_key": "z", "auth_url": "x"}', "auth_url"),
    ],
)
def test_settings_that_make_no_sense_are_refused_in_words(
    chekpoint: Shell, operator: str, settings: str, said: str
) -> None:
    told = chekpoint("setup", "ofd", INN, operator, settings, code=2)
    assert any(word in told for word in said.split("|"))
    assert chekpoint.rows("SELECT count(*) FROM ofd_account") == [(0,)]


def test_account_of_a_seller_that_is_not_there_is_refused(chekpoint: Shell) -> None:
    told = chekpoint("setup", "ofd", "7707083893", "first_ofd", '{"api_key": "x"}', code=2)
    assert "7707083893" in told


def test_the_tax_service_is_asked_for_a_token_and_its_permission_is_kept(
    chekpoint: Shell, tmp_path: Path
) -> None:
    with tax_office(tmp_path / "ofd") as url:
        settings = {"master_token": MASTER_TOKEN, "base_url": url, "plan": {"daily": 5}}
        assert "токен" in chekpoint("setup", "ofd", INN, "fns", json.dumps(settings))
        wrong = settings | {"master_token": "wrong"}
        assert "токен" in chekpoint("setup", "ofd", INN, "fns", json.dumps(wrong), code=2)
    assert [name for (name,) in chekpoint.rows("SELECT operator FROM ofd_account")] == ["fns"]


@contextmanager
def tax_office(folder: Path) -> Iterator[str]:
    """``chekpoint emulate fns`` as a person starts it; its address."""
    listener = listening(0)
    port = listener.getsockname()[1]
    listener.close()
    command = [
        sys.executable,
        "-m",
        "chekpoint",
        "emulate",
        "fns",
        "--state",
        str(folder),
        "--port",
        str(port),
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as running:
        try:
            assert running.stdout is not None
            assert "ТЕСТОВЫЙ ДВОЙНИК" in running.stdout.readline()
            _wait_for(port)
            yield f"http://127.0.0.1:{port}"
        finally:
            running.terminate()


def _wait_for(port: int) -> None:
    async def answered() -> bool:
        try:
            async with httpx2.AsyncClient() as http:
                return (await http.get(f"http://127.0.0.1:{port}/")).status_code == 200
        except httpx2.HTTPError:
            return False

    asyncio.run(until(answered))


def test_the_emulated_tax_service_refuses_what_it_cannot_do(chekpoint: Shell, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x", "utf-8")
    chekpoint("emulate", "fns", "--state", str(tmp_path / "file"), code=2)
    chekpoint("emulate", "fns", "--state", str(tmp_path / "ofd"), "--faults", "nonsense", code=2)
    chekpoint("emulate", "fns", code=2)
