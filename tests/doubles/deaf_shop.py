"""A shop that never takes a notice."""

from chekpoint.core.errors import NotSent
from chekpoint.core.ports import ShopNotice


class DeafShop:
    """Refuses every notice."""

    async def tell(self, notice: ShopNotice) -> None:
        raise NotSent(f"nobody listens to {notice.id}")
