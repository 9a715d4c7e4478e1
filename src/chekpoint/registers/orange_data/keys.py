"""The keys of a client: what signs, and what opens the door. Whatever cannot be read is told in words."""

import base64
import binascii
import re
import ssl
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from chekpoint.registers.orange_data.config import OrangeDataConfig

_BITS_LEAST: Final = 2048
_TEXT: Final = ("-----BEGIN", "<RSAKeyValue")
_PARTS: Final = ("Modulus", "Exponent", "P", "Q", "DP", "DQ", "InverseQ", "D")
_FILE_MOST: Final = 20_000


class KeyFault(ValueError):
    """A key that cannot be read; the text is for people, in both languages."""


class Signer:
    """Signs bodies: base64 of RSA PKCS#1 v1.5 over SHA-256."""

    def __init__(self, key: rsa.RSAPrivateKey) -> None:
        self._key = key

    def sign(self, body: bytes) -> str:
        """The value of ``X-Signature``."""
        return base64.b64encode(self._key.sign(body, padding.PKCS1v15(), hashes.SHA256())).decode()


def signer(config: OrangeDataConfig) -> Signer:
    """Raises KeyFault."""
    text = _text_of(config.sign_key, "ключ подписи (sign_key)", "the signing key (sign_key)")
    key = _of_xml(text) if "<RSAKeyValue" in text else _of_pem(text, config.sign_key_password)
    if not isinstance(key, rsa.RSAPrivateKey):
        raise KeyFault("Ключ подписи (sign_key) не RSA / the signing key (sign_key) is not RSA")
    if key.key_size < _BITS_LEAST:
        raise KeyFault(
            f"Ключ подписи (sign_key) короче {_BITS_LEAST} бит / the signing key is below {_BITS_LEAST} bits"
        )
    return Signer(key)


def _of_pem(text: str, password: str | None) -> object:
    secret = password.encode() if password else None
    try:
        return serialization.load_pem_private_key(text.encode(), secret)
    except TypeError as error:  # a password without need, or the need of one
        raise KeyFault(
            "Пароль ключа подписи: не задан или лишний (sign_key_password) / the signing key's password is missing"
            " or not needed"
        ) from error
    except (ValueError, UnsupportedAlgorithm) as error:
        raise KeyFault(
            "Ключ подписи (sign_key) не читается: это не закрытый ключ PEM, или пароль не тот /"
            " the signing key cannot be read: not a private PEM key, or another password"
        ) from error


def _of_xml(text: str) -> rsa.RSAPrivateKey:
    """As the service's own key generator writes it (.NET); only its eight numbers are looked at."""
    try:
        numbers = {name: _number(text, name) for name in _PARTS}
        public = rsa.RSAPublicNumbers(numbers["Exponent"], numbers["Modulus"])
        return rsa.RSAPrivateNumbers(
            numbers["P"],
            numbers["Q"],
            numbers["D"],
            numbers["DP"],
            numbers["DQ"],
            numbers["InverseQ"],
            public,
        ).private_key()
    except (ValueError, binascii.Error) as error:
        raise KeyFault(
            "Ключ подписи (sign_key) в XML не читается или без закрытой части /"
            " the signing key in XML cannot be read, or is without its private part"
        ) from error


def _number(text: str, name: str) -> int:
    found = re.search(rf"<{name}>([A-Za-z0-9+/=\s]+)</{name}>", text)
    if found is None:
        raise ValueError(name)
    return int.from_bytes(base64.b64decode("".join(found[1].split()), validate=True), "big")


def _text_of(value: str, ru: str, en: str) -> str:
    """The text of a key, or of the file that it is in."""
    if any(mark in value for mark in _TEXT):  # OpenSSL writes attributes before the key
        return value.strip() + "\n"
    try:
        with Path(value).open("rb") as file:
            return file.read(_FILE_MOST).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise KeyFault(f"В файле не текст ключа: {ru}: {value} / no text of a key: {en}") from error
    except (OSError, ValueError) as error:
        raise KeyFault(f"Файл не открывается: {ru}: {value} / cannot open {en}: {error}") from error


def tls_context(config: OrangeDataConfig) -> ssl.SSLContext:
    """A client's TLS with its certificate; raises KeyFault."""
    context = _trusting(config)
    certificate = _text_of(config.client_cert, "сертификат клиента (client_cert)", "the client certificate")
    key = _text_of(config.client_key, "ключ клиента (client_key)", "the client key (client_key)")
    with TemporaryDirectory() as folder:  # ssl reads files only; this folder is its owner's alone
        paths = Path(folder, "client.crt"), Path(folder, "client.key")
        for path, text in zip(paths, (certificate, key), strict=True):
            path.touch(mode=0o600)
            path.write_text(text)
        try:
            # An empty password, so that OpenSSL does not ask for one at a terminal.
            context.load_cert_chain(paths[0], paths[1], password=config.client_key_password or "")
        except (ssl.SSLError, OSError, ValueError) as error:
            raise KeyFault(
                "Сертификат и ключ клиента (client_cert, client_key) не читаются, не подходят друг к другу, или пароль"
                f" не тот / the client certificate and key cannot be read, or do not fit each other: {_reason(error)}"
            ) from error
    return context


def _trusting(config: OrangeDataConfig) -> ssl.SSLContext:
    try:
        given = _text_of(config.ca, "сертификат сервиса (ca)", "the service's CA (ca)") if config.ca else None
        return ssl.create_default_context(cadata=given)
    except ssl.SSLError as error:
        raise KeyFault(
            f"Сертификат сервиса (ca) не читается / the service's CA (ca) cannot be read: {_reason(error)}"
        ) from error


def _reason(error: Exception) -> str:
    return str(getattr(error, "reason", None) or type(error).__name__)
