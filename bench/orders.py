"""The order that the intake is measured with: ten items, about 1.5 KB of JSON."""

import json

KEY = "bench-key-0123456789abcdef0123456789abcdef"
_NAMES = ("Футболка", "Кружка", "Блокнот", "Ручка", "Рюкзак", "Свитер", "Шарф", "Лампа", "Плед", "Книга")


def body(external_id: str) -> bytes:
    """The JSON of an order; every id gives another one."""
    items = [
        {"name": f"{name} {100 + n}", "price": 10_000 + n, "quantity": 2, "sum": 2 * (10_000 + n), "vat": "vat22",
         "method": "full_payment", "object": "commodity", "vat_sum": _vat(2 * (10_000 + n))}
        for n, name in enumerate(_NAMES)
    ]  # fmt: skip
    total = sum(item["sum"] for item in items if isinstance(item["sum"], int))
    receipt = {
        "kind": "sale", "taxation": "osn", "items": items, "total": total,
        "payments": [{"form": "electronic", "sum": total}],
        "buyer": {"contact": "buyer@example.com"},
    }  # fmt: skip
    return json.dumps(
        {"external_id": external_id, "receipt": receipt}, ensure_ascii=False, separators=(",", ":")
    ).encode()


def _vat(total: int) -> int:
    return (total * 22 * 2 + 122) // (122 * 2)
