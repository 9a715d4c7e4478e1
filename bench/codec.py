"""Decoding and encoding of a receipt of 20 items, against ``construct`` describing the same layout.

``python -m bench.codec``. Both sides produce every value; both are checked to agree before the clock starts.
"""

import time
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal

from bench.peers import construct_layout
from chekpoint.fiscal import documents, tlv
from chekpoint.fiscal.ffd import Ffd
from chekpoint.fiscal.receipt import Buyer, Item, Kind, Payment, PaymentForm, Receipt, Taxation
from chekpoint.fiscal.stamp import Stamp
from chekpoint.fiscal.tlv import Node
from chekpoint.fiscal.vat import VatRate

ROUNDS = 7
ITEMS = 20


def twenty_items() -> Node:
    """An ordinary receipt of an internet shop, FFD 1.2."""
    items = tuple(
        Item(
            name=f"Товар номер {n}, упаковка 10 шт.",
            price=12_345 + n,
            quantity=Decimal("1.5") if n % 4 == 0 else Decimal(n % 3 + 1),
            sum=20_000 + n,
            vat=VatRate.VAT22 if n % 2 else VatRate.VAT10,
            country="643",
        )
        for n in range(ITEMS)
    )
    receipt = Receipt(
        kind=Kind.SALE,
        taxation=Taxation.OSN,
        items=items,
        payments=(Payment(form=PaymentForm.ELECTRONIC, sum=sum(item.sum for item in items)),),
        buyer=Buyer(contact="buyer@example.com"),
        place="shop.example.com",
    )
    stamp = Stamp(
        fn="9999078900005488",
        fd_number=1234,
        fiscal_sign=2_853_205_313,
        made_at=datetime(2026, 8, 17, 15, 28),  # noqa: DTZ001  documents keep the register's local time
        registration_number="0000000005008570",
        seller_inn="7702203276",
        shift_number=12,
        receipt_number=34,
    )
    return documents.receipt_document(receipt, stamp, Ffd.V1_2)


def count(node: Node) -> int:
    """Tags in a document, itself included."""
    return 1 + sum(count(member) for member in node)


def rate(task: Callable[[], object], seconds: float = 0.3) -> float:
    """Calls per second, the best of a few rounds: the machine has other work too."""
    best = 0.0
    for _ in range(ROUNDS):
        done, begun = 0, time.perf_counter()
        while time.perf_counter() - begun < seconds:
            task()
            done += 1
        best = max(best, done / (time.perf_counter() - begun))
    return best


def measure() -> dict[str, float]:
    """Documents per second of both sides, and how many times faster ours is."""
    node = twenty_items()
    octets = tlv.encode(node)
    layout = construct_layout.layout()
    containers = construct_layout.as_containers(node)
    assert tlv.decode(octets) == construct_layout.as_nodes(layout.parse(octets)) == node
    assert layout.build(containers) == octets
    decode, encode = rate(lambda: tlv.decode(octets)), rate(lambda: tlv.encode(node))
    tolerant = rate(lambda: tlv.decode(octets, strict=False))
    peer_decode, peer_encode = rate(lambda: layout.parse(octets)), rate(lambda: layout.build(containers))
    return {
        "nodes": count(node),
        "bytes": len(octets),
        "decode_per_second": decode,
        "decode_tolerant_per_second": tolerant,
        "encode_per_second": encode,
        "construct_decode_per_second": peer_decode,
        "construct_encode_per_second": peer_encode,
        "decode_ratio": decode / peer_decode,
        "encode_ratio": encode / peer_encode,
    }


def main() -> None:
    """Print the table."""
    for name, value in measure().items():
        print(f"{name:32}{value:12,.1f}")


if __name__ == "__main__":
    main()
