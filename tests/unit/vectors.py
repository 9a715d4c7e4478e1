"""Wire bytes met in the field, read once for all codec tests."""

import json
from pathlib import Path
from typing import Any

DATA = Path(__file__).parent.parent / "data"

VECTORS: dict[str, dict[str, Any]] = {
    vector["name"].split()[0]: vector
    for vector in json.loads((DATA / "ofd_messages.json").read_text("utf-8"))
}
RECEIPTS_2020: tuple[dict[str, Any], ...] = tuple(
    json.loads(line) for line in (DATA / "containers_2020.jsonl").read_text("utf-8").splitlines()
)


def octets(name: str) -> bytes:
    """All bytes of a vector."""
    return bytes.fromhex(VECTORS[name]["hex"])


def container_octets(name: str) -> bytes:
    """The container of a message or container vector."""
    return octets(name)[30:] if VECTORS[name]["kind"] == "message" else octets(name)


def document_octets(name: str) -> bytes:
    """The plain document of a message, container or TLV vector."""
    start = {"message": 62, "container": 32, "tlv": 0}[VECTORS[name]["kind"]]
    whole = octets(name)
    return whole[start : start + 4 + int.from_bytes(whole[start + 2 : start + 4], "little")]
