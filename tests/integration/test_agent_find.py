"""Finding registers and checking itself: harmless, and told in words."""

import shlex
import sqlite3
from collections.abc import AsyncIterator
from datetime import timedelta
from ipaddress import IPv4Address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from typer.testing import CliRunner

from chekpoint.app.agent import local_seats
from chekpoint.app.agent_check import check
from chekpoint.app.agent_find import Places, add_line, find
from chekpoint.app.agent_link import LinkSettings
from chekpoint.cli import app
from chekpoint.core.clock import SystemClock
from chekpoint.registers.agent.wire import FoundRegister
from tests.agent_rig import KEY, AgentProcess, agent_rig
from tests.contract.atol_bench import AtolBench, atol_bench
from tests.contract.shtrih_bench import shtrih_bench

pytestmark = pytest.mark.anyio
NOBODY = 9  # the discard port: nobody listens there


@pytest.fixture
async def atol() -> AsyncIterator[AtolBench]:
    async with atol_bench("v2") as bench:
        yield bench


async def looked(places: Places) -> list[FoundRegister]:
    seats = local_seats(SystemClock())
    try:
        return [one for one in await find(seats, places) if "ttyS" not in one.where]
    finally:
        await seats.aclose()


async def test_a_register_of_shtrih_is_found_with_its_number_and_nothing_on_it_changes() -> None:
    async with shtrih_bench("tcp", "v2") as bench:
        before = bench.emulated.drive.last_fd, list(bench.emulated.drive.documents())
        (found,) = await looked(Places(rndis=None, atol_port=NOBODY, shtrih_ports=(bench._port,)))
        assert found.status is not None
        assert found.status.fn == bench.emulated.drive.number
        assert found.config == {"host": "127.0.0.1", "port": bench._port}
        assert (bench.emulated.drive.last_fd, list(bench.emulated.drive.documents())) == before
        assert "--maker agent" in add_line("office", found)


async def test_a_serial_port_is_asked_only_when_it_is_named() -> None:
    async with shtrih_bench("pty", "auto") as bench:
        assert await looked(Places(rndis=None, atol_port=NOBODY, shtrih_ports=(NOBODY,))) == []
        (found,) = await looked(
            Places(rndis=None, atol_port=NOBODY, shtrih_ports=(NOBODY,), serial=(bench._address,))
        )
        assert found.status is not None
        assert found.status.fn == bench.emulated.drive.number


async def test_a_server_that_wants_a_password_is_told_of_and_not_hidden(atol: AtolBench) -> None:
    (found,) = await looked(Places(rndis=None, atol_port=atol.port, shtrih_ports=(NOBODY,)))
    assert found.status is None
    assert found.problem
    assert found.config == {"base_url": f"http://127.0.0.1:{atol.port}"}


async def test_a_register_that_works_is_not_asked_again() -> None:
    """Its one TCP client is our own wire: another knock could end a receipt under way."""
    async with shtrih_bench("tcp", "v2") as bench:
        seats = local_seats(SystemClock())
        places = Places(rndis=None, atol_port=NOBODY, shtrih_ports=(bench._port,))
        (first,) = [one for one in await find(seats, places) if one.status is not None]
        await bench.stop()
        (again,) = [one for one in await find(seats, places) if one.status is not None]
        assert again.status == first.status
        await seats.aclose()


async def test_the_self_check_says_what_is_wrong_and_what_to_do(tmp_path: Path) -> None:
    async with agent_rig(tmp_path, agent=False) as rig:
        places = Places(rndis=None, atol_port=NOBODY, shtrih_ports=(NOBODY,))

        async def steps(hub: str, key: str = KEY) -> list[tuple[bool | None, str]]:
            link = (LinkSettings(hub=hub, key=key),)
            seats = local_seats(SystemClock())
            return [(one.ok, one.ru) async for one in check(link, seats, places, SystemClock())]

        good = await steps(rig.agent.hub)
        assert good[0] == (True, "Хаб a принял ключ агента «office»")
        assert good[1][0] is True
        assert (False, "Ни одна касса рядом не ответила") in good
        assert "не принят" in (await steps(rig.agent.hub, "ak_wrong"))[0][1]
        assert "TLS" in (await steps(rig.agent.hub.replace("http:", "https:")))[0][1]
        assert "не отвечает" in (await steps(f"http://127.0.0.1:{NOBODY}"))[0][1]
        assert "нет входа для агентов" in (await steps(f"{rig.agent.hub}/elsewhere"))[0][1]


def test_an_agent_is_let_in_listed_and_revoked_on_the_command_line(tmp_path: Path) -> None:
    runner = CliRunner(env={"CHEKPOINT_DATA": str(tmp_path)})
    secret = runner.invoke(app, ["agents", "add", "office"]).output.split("\n")[0]
    assert secret.startswith("ak_")
    twice = runner.invoke(app, ["agents", "add", "office"])
    assert (twice.exit_code, "уже есть" in twice.output) == (2, True)
    assert "office" in runner.invoke(app, ["agents", "list"]).output
    assert runner.invoke(app, ["agents", "revoke", "office"]).exit_code == 0
    assert runner.invoke(app, ["agents", "revoke", "office"]).exit_code == 2
    assert "отозван" in runner.invoke(app, ["agents", "list"]).output
    assert runner.invoke(app, ["agents", "add", "office"]).exit_code == 0
    con = sqlite3.connect(tmp_path / "chekpoint.db")
    kept = str(con.execute("SELECT * FROM agent").fetchall())
    con.close()
    assert secret not in kept


def test_an_agent_s_or_a_shop_s_key_in_the_environment_does_not_stop_the_other_commands(
    tmp_path: Path,
) -> None:
    more = {"CHEKPOINT_AGENT_KEY": "ak_1", "CHEKPOINT_AGENT_HUB": "https://hub", "CHEKPOINT_KEY": "ck_1"}
    said = CliRunner(env={"CHEKPOINT_DATA": str(tmp_path), **more}).invoke(app, ["agents", "list"])
    assert (said.exit_code, said.output) == (0, "\n")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "укажите адрес хаба"),
        (["--hub", "http://127.0.0.1:9"], "нужен ключ"),
        (["--hub", "ftp://x", "--key", "k"], "адрес хаба не годится"),
        (["--hub", "http://127.0.0.1:9", "--key", "ключ"], "ключ повреждён"),
        (["--hub", "http://127.0.0.1:9", "--key-file", "/nowhere"], "не читается"),
        (["--hub", "https://127.0.0.1:9", "--key", "k", "--ca", "/nowhere"], "файл сертификатов"),
    ],
)
def test_an_agent_that_cannot_work_says_why_in_one_line(arguments: list[str], words: str) -> None:
    said = CliRunner().invoke(app, ["agent", "--page-port", "0", *arguments])
    assert said.exit_code == 2
    assert words in said.output
    assert "Traceback" not in said.output


async def test_a_hub_behind_a_certificate_of_one_s_own_is_reached_with_its_root_only(tmp_path: Path) -> None:
    root = certificate(tmp_path)
    async with agent_rig(tmp_path, agent=False, tls=root) as rig:
        seats = local_seats(SystemClock())
        places = Places(rndis=None, atol_port=NOBODY, shtrih_ports=(NOBODY,))
        told: list[list[str]] = []
        for ca in (root[0], None):
            link = (LinkSettings(hub=rig.agent.hub, key=KEY, ca=ca),)
            told.append([one.ru async for one in check(link, seats, places, SystemClock())])
        assert told[0][0] == "Хаб a принял ключ агента «office»"
        assert "--ca" in told[1][0]
        program = AgentProcess(rig.agent.hub, tmp_path, more=("--ca", str(root[0])))
        await program.start()
        try:
            await rig.connected()
        finally:
            await program.end()


def certificate(folder: Path) -> tuple[Path, Path]:
    """A certificate for 127.0.0.1 that signs itself, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    since = SystemClock().now() - timedelta(days=1)
    made = (
        x509.CertificateBuilder()
        .subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(1)
        .not_valid_before(since).not_valid_after(since + timedelta(days=30))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    cert_file, key_file = folder / "root.pem", folder / "key.pem"
    cert_file.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    key_file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    return cert_file, key_file


def test_commands_that_cannot_ask_through_an_agent_say_so_and_do_not_call_the_register_silent(
    tmp_path: Path,
) -> None:
    runner = CliRunner(env={"CHEKPOINT_DATA": str(tmp_path), "COLUMNS": "200"})

    def run(code: int, *arguments: str) -> str:
        said = runner.invoke(app, arguments)
        assert said.exit_code == code, said.output
        return said.output

    run(0, "setup", "seller", "7700000016", "ООО Ромашка")
    found = FoundRegister(maker="shtrih", where="10.0.0.5:7778", config={"host": "10.0.0.5"})
    run(0, *shlex.split(add_line("office", found).replace("ИНН", "7700000016"))[1:])
    assert "за агентом" in run(0, "registers", "status")
    assert "за агентом" in run(0, "verify")
    assert "запущены ли хаб и агент" in run(1, "doctor")
