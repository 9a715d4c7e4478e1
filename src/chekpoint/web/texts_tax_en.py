"""Texts about looking a receipt up at its operator, in English; texts_tax_ru.py has the same keys."""

from typing import Final

TAX_EN: Final[dict[str, str]] = {
    "link.at_operator": "At the operator",
    "link.receipt": "The receipt at the operator “{operator}”",
    "link.search": "Look for it at the operator “{operator}”",
}
