"""``chekpoint decode``: TLV, containers, operator messages, tickets and QR strings in words."""

import binascii
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from chekpoint.cli.say import say

if TYPE_CHECKING:
    from chekpoint.cli.decode_tree import Branch

LARGEST = 1 << 20
"""Bytes of a file; a document of a drive has at most 32 KB, twice that in hex."""
UNREADABLE = 2  # exit code: the file cannot be read
UNDECODABLE = 1  # exit code: it is none of what we know, or broken


def decode(
    source: Annotated[
        str,
        typer.Argument(
            metavar="HEX|FILE|QR", help="Байты в hex, файл, строка QR; «-»: стандартный ввод / - is stdin"
        ),
    ],
    *,
    json_: Annotated[bool, typer.Option("--json", help="Дерево в JSON / the tree as JSON")] = False,
    strict: Annotated[
        bool, typer.Option(help="Как фискальный накопитель: без поблажек / forgive nothing")
    ] = False,
) -> None:
    """Разобрать TLV, контейнер, сообщение ОФД, подтверждение или строку QR / decode what the fiscal world writes."""
    from chekpoint.fiscal.qr import QrError  # noqa: PLC0415  a command starts in an instant
    from chekpoint.fiscal.tlv import TlvError  # noqa: PLC0415
    from chekpoint.fiscal.wire_error import WireError  # noqa: PLC0415

    content = _content(source)
    try:
        tree = _tree(content, strict=strict)
    except (QrError, TlvError, WireError) as error:
        say(f"{error.ru} / {error}", err=True)
        raise typer.Exit(UNDECODABLE) from None
    if json_:
        say(json.dumps(tree.as_json(), ensure_ascii=False))
        return
    for line in tree.lines():
        say(line)


def _content(source: str) -> bytes:
    """The bytes of the file that ``source`` names, else ``source`` itself."""
    try:
        if source == "-":
            octets = sys.stdin.buffer.read(LARGEST + 1)
        elif _names_file(source):
            with Path(source).open("rb") as file:
                octets = file.read(LARGEST + 1)
        else:
            return source.encode("utf-8", "surrogateescape")
    except OSError as error:
        say(f"{source}: {error.strerror or error}", err=True)
        raise typer.Exit(UNREADABLE) from None
    if len(octets) > LARGEST:
        say(f"{source}: больше {LARGEST} байт, это не документ / too large for a document", err=True)
        raise typer.Exit(UNREADABLE)
    return octets


def _names_file(source: str) -> bool:
    try:
        return bool(source) and Path(source).exists()
    except (OSError, ValueError):  # longer than a file name can be, or with a zero byte
        return False


def _tree(content: bytes, *, strict: bool) -> "Branch":
    from chekpoint.cli import decode_tree  # noqa: PLC0415

    octets = _from_hex(content)
    if octets is not None:
        return decode_tree.of_octets(octets, strict=strict)
    if _is_text(content):
        if b"=" not in content:
            say("это не файл, не hex и не строка QR / neither a file nor hex nor a QR string", err=True)
            raise typer.Exit(UNDECODABLE)
        return decode_tree.of_qr(content.decode("ascii"))
    return decode_tree.of_octets(content, strict=strict)


def _from_hex(content: bytes) -> bytes | None:
    """Hex with any blanks, colons, commas or 0x in it; None when it is something else."""
    bare = content.strip().lower().replace(b"0x", b"").translate(None, b" \t\r\n:,-")
    try:
        return binascii.unhexlify(bare) if bare else None
    except binascii.Error:
        return None


def _is_text(content: bytes) -> bool:
    return all(32 <= octet < 127 or octet in b"\t\r\n" for octet in content)
