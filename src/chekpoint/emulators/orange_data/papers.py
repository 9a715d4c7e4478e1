"""The papers of a test double: its own CA, a server's and a client's certificate, and a key that signs bodies.

They are made once for a folder and kept there. Nobody else trusts this CA.
"""

import ipaddress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

_DAYS: Final = timedelta(days=3650)
_NAMES: Final = ("localhost", "127.0.0.1", "::1")
_SKEW: Final = timedelta(days=1)
_Authority = tuple[x509.Certificate, ec.EllipticCurvePrivateKey]


class Papers:
    """Where the files of a folder are. ``sign_key`` is the client's, ``sign_public`` is what the service holds."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.ca = folder / "ca.crt"
        self.server_cert, self.server_key = folder / "server.crt", folder / "server.key"
        self.client_cert, self.client_key = folder / "client.crt", folder / "client.key"
        self.sign_key, self.sign_public = folder / "sign_private.pem", folder / "sign_public.pem"

    @property
    def complete(self) -> bool:
        """Has everything been written?"""
        return self.sign_public.exists()

    def public_key(self) -> rsa.RSAPublicKey:
        """The registered key; raises ValueError where the file holds another thing."""
        key = serialization.load_pem_public_key(self.sign_public.read_bytes())
        if not isinstance(key, rsa.RSAPublicKey):
            raise ValueError(f"{self.sign_public}: not RSA")  # noqa: TRY004 - what is in the file, not its type
        return key


def papers_in(folder: Path, now: datetime, host: str = "127.0.0.1") -> Papers:
    """Those of a folder, made where there are none. ``now`` is aware; ``host`` is named in the server's certificate."""
    papers = Papers(folder)
    if not papers.complete:
        folder.mkdir(parents=True, exist_ok=True)
        _write(papers, now, host)
    return papers


def _write(papers: Papers, now: datetime, host: str) -> None:
    authority = _authority(now)
    _keep(papers.ca, authority[0].public_bytes(serialization.Encoding.PEM))
    names = [_name(name) for name in dict.fromkeys((*_NAMES, host))]
    for cert, key, usage, common, alternative in (
        (papers.server_cert, papers.server_key, ExtendedKeyUsageOID.SERVER_AUTH, "test double", names),
        (papers.client_cert, papers.client_key, ExtendedKeyUsageOID.CLIENT_AUTH, "test client", []),
    ):
        made, private = _issued(authority, now, usage, common, alternative)
        _keep(cert, made.public_bytes(serialization.Encoding.PEM))
        _keep(key, _pem(private))
    sign = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    _keep(papers.sign_key, _pem(sign))
    public = sign.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    _keep(papers.sign_public, public)  # the last one: a folder that was left half-made is made again


def _name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _pem(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _keep(path: Path, text: bytes) -> None:
    path.touch(mode=0o600)
    path.write_bytes(text)


def _subject(common: str) -> x509.Name:
    organization = x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Chekpoint test double")
    return x509.Name([organization, x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _builder(common: str, public: ec.EllipticCurvePublicKey, now: datetime) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(_subject(common))
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _SKEW)
        .not_valid_after(now + _DAYS)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
    )


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates, content_commitment=False, key_encipherment=False,
        data_encipherment=False, key_agreement=False, key_cert_sign=signs_certificates, crl_sign=signs_certificates,
        encipher_only=False, decipher_only=False,
    )  # fmt: skip


def _authority(now: datetime) -> _Authority:
    key = ec.generate_private_key(ec.SECP256R1())
    made = _builder("test CA", key.public_key(), now)
    made = made.issuer_name(_subject("test CA"))
    made = made.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    made = made.add_extension(_usage(signs_certificates=True), critical=True)
    return made.sign(key, hashes.SHA256()), key


def _issued(
    authority: _Authority,
    now: datetime,
    usage: x509.ObjectIdentifier,
    common: str,
    names: list[x509.GeneralName],
) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    ca, ca_key = authority
    key = ec.generate_private_key(ec.SECP256R1())
    made = _builder(common, key.public_key(), now).issuer_name(ca.subject)
    made = made.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    made = made.add_extension(_usage(signs_certificates=False), critical=True)
    made = made.add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
    made = made.add_extension(
        x509.AuthorityKeyIdentifier.from_issuer_public_key(ca_key.public_key()), critical=False
    )
    if names:
        made = made.add_extension(x509.SubjectAlternativeName(names), critical=False)
    return made.sign(ca_key, hashes.SHA256()), key
