"""A key that cannot be read must block the register in words, in both languages, and never break the hub."""

import base64
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from chekpoint.core.clock import SystemClock
from chekpoint.core.errors import BlockReason, RegisterBlocked
from chekpoint.registers.orange_data import OrangeDataConfig, OrangeDataRegister
from chekpoint.registers.orange_data.keys import KeyFault, signer, tls_context
from tests.contract.orange_data_bench import papers


def config(**changes: Any) -> OrangeDataConfig:
    own = papers()
    plain = OrangeDataConfig(
        inn="7700000016", sign_key=str(own.sign_key), client_cert=str(own.client_cert), client_key=str(own.client_key),
        ca=str(own.ca),
    )  # fmt: skip
    return msgspec.structs.replace(plain, **changes)


@cache
def rsa_key(bits: int) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=bits)


def pem(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey, password: str = "") -> str:
    lock = (
        serialization.BestAvailableEncryption(password.encode()) if password else serialization.NoEncryption()
    )
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, lock).decode()


def xml(key: rsa.RSAPrivateKey) -> str:
    """As .NET's RSA.ToXmlString(true) writes it."""
    own, public = key.private_numbers(), key.public_key().public_numbers()
    parts = {
        "Modulus": public.n, "Exponent": public.e, "P": own.p, "Q": own.q, "DP": own.dmp1, "DQ": own.dmq1,
        "InverseQ": own.iqmp, "D": own.d,
    }  # fmt: skip
    inside = "".join(
        f"<{name}>{base64.b64encode(value.to_bytes((value.bit_length() + 7) // 8, 'big')).decode()}</{name}>"
        for name, value in parts.items()
    )
    return f"<RSAKeyValue>{inside}</RSAKeyValue>"


def verified(key: rsa.RSAPrivateKey, signature: str, body: bytes) -> None:
    key.public_key().verify(base64.b64decode(signature), body, padding.PKCS1v15(), hashes.SHA256())


def test_each_form_of_a_key_signs_the_very_bytes(tmp_path: Path) -> None:
    key = rsa_key(2048)
    path = tmp_path / "private_key.xml"
    path.write_bytes(b"\xef\xbb\xbf" + xml(key).encode())  # the generator writes a byte order mark
    body = "Тело".encode()
    verified(key, signer(config(sign_key=pem(key))).sign(body), body)
    verified(key, signer(config(sign_key="Bag Attributes\n  localKeyID: 01\n" + pem(key))).sign(body), body)
    verified(key, signer(config(sign_key=xml(key))).sign(body), body)
    verified(key, signer(config(sign_key=str(path))).sign(body), body)
    locked = config(sign_key=pem(key, "1234"), sign_key_password="1234")
    verified(key, signer(locked).sign(body), body)


def test_texts_of_keys_serve_as_well_as_files() -> None:
    own = papers()
    tls_context(
        config(
            client_cert=own.client_cert.read_text(),
            client_key=own.client_key.read_text(),
            ca=own.ca.read_text(),
        )
    )


def signing(name: str, folder: Path) -> dict[str, str]:
    (folder / "empty").write_bytes(b"")
    (folder / "binary").write_bytes(b"\xff\xfe\x00")
    whole = xml(rsa_key(2048))
    return {
        "no file": {"sign_key": str(folder / "nowhere.pem")}, "a folder": {"sign_key": str(folder)},
        "empty": {"sign_key": str(folder / "empty")}, "binary": {"sign_key": str(folder / "binary")},
        "nul": {"sign_key": "a\x00b"}, "not a key": {"sign_key": "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----"},
        "public": {"sign_key": str(papers().sign_public)}, "not RSA": {"sign_key": pem(ec.generate_private_key(ec.SECP256R1()))},
        "short": {"sign_key": pem(rsa_key(1024))}, "no password": {"sign_key": pem(rsa_key(2048), "1234")},
        "another password": {"sign_key": pem(rsa_key(2048), "1234"), "sign_key_password": "4321"},
        "needless password": {"sign_key": pem(rsa_key(2048)), "sign_key_password": "4321"},
        "public xml": {"sign_key": whole.partition("<P>")[0] + "</RSAKeyValue>"},
        "torn xml": {"sign_key": whole.replace("<P>", "<P>AQAB")},
    }[name]  # fmt: skip


@pytest.mark.parametrize(
    "name",
    [
        "no file", "a folder", "empty", "binary", "nul", "not a key", "public", "not RSA", "short", "no password",
        "another password", "needless password", "public xml", "torn xml",
    ],
)  # fmt: skip
def test_a_signing_key_that_cannot_be_read(name: str, tmp_path: Path) -> None:
    with pytest.raises(KeyFault) as fault:
        signer(config(**signing(name, tmp_path)))
    assert " / " in str(fault.value)


@pytest.mark.parametrize(
    "change",
    [
        {"client_cert": "/nowhere"}, {"client_key": "/nowhere"}, {"ca": "/nowhere"}, {"ca": "-----BEGIN CERTIFICATE-----\nAA"},
        {"client_cert": "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----"},
        {"client_key": "server"}, {"client_key": "locked"}, {"client_key": "locked", "client_key_password": "4321"},
    ],
)  # fmt: skip
def test_a_client_certificate_that_cannot_be_read_asks_nobody_at_a_terminal(change: dict[str, str]) -> None:
    named = {"server": str(papers().server_key), "locked": pem(rsa_key(2048), "1234")}
    given = {name: named.get(value, value) for name, value in change.items()}
    with pytest.raises(KeyFault) as fault:
        tls_context(config(**given))
    assert " / " in str(fault.value)


@pytest.mark.anyio
@pytest.mark.parametrize("change", [{"sign_key": "/nowhere"}, {"client_key": "/nowhere"}, {"ca": "/nowhere"}])
async def test_such_a_register_is_blocked_in_words(change: dict[str, str]) -> None:
    register = OrangeDataRegister(config(**change), SystemClock())
    with pytest.raises(RegisterBlocked) as blocked:
        await register.status()
    await register.aclose()
    assert blocked.value.reason is BlockReason.CONFIGURATION
    assert "/nowhere" in blocked.value.message
