"""The plain way: FastAPI, pydantic models, SQLAlchemy over aiosqlite, a commit for each request.

It checks the key and the shape, adds the sums up, and stores the receipt durably: SQLite as it comes (a rollback
journal, synchronous=FULL), or with ``wal`` in WAL and synchronous=FULL. The law it does not check.
"""

import hashlib
from decimal import Decimal
from typing import Annotated, Any
from uuid import uuid4

from fastapi import Depends, FastAPI, Header, HTTPException
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import BigInteger, String, Text, event, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Base(DeclarativeBase):
    pass


class Key(Base):
    __tablename__ = "api_key"
    hash: Mapped[str] = mapped_column(String, primary_key=True)
    shop: Mapped[str] = mapped_column(String)


class Row(Base):
    __tablename__ = "receipt"
    id: Mapped[str] = mapped_column(String, primary_key=True)
    shop: Mapped[str] = mapped_column(String)
    external_id: Mapped[str] = mapped_column(String, unique=True)
    total: Mapped[int] = mapped_column(BigInteger)
    content: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(String, default="queued")


class Part(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Item(Part):
    name: Annotated[str, Field(min_length=1, max_length=128)]
    price: Annotated[int, Field(ge=0)]
    quantity: Annotated[Decimal, Field(gt=0, decimal_places=6)]
    sum: Annotated[int, Field(ge=0)]
    vat: str
    vat_sum: int | None = None
    method: str = "full_payment"
    object: str = "commodity"


class Payment(Part):
    form: str
    sum: Annotated[int, Field(ge=0)]


class Buyer(Part):
    contact: str


class Receipt(Part):
    kind: str
    taxation: str
    items: list[Item]
    payments: list[Payment]
    total: int | None = None
    buyer: Buyer


class Order(Part):
    external_id: Annotated[str, Field(min_length=1, max_length=128)]
    receipt: Receipt


async def make_app(url: str, key: str, *, wal: bool) -> FastAPI:
    """The application over a fresh database that knows one key."""
    engine = create_async_engine(url.replace("sqlite:", "sqlite+aiosqlite:"))
    if wal:
        event.listen(engine.sync_engine, "connect", _durable)
    sessions = async_sessionmaker(engine, expire_on_commit=False)
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    async with sessions.begin() as session:
        session.add(Key(hash=hashlib.sha256(key.encode()).hexdigest(), shop="shop"))
    return _app(sessions)


def _durable(connection: Any, _record: Any) -> None:
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")


def _app(sessions: async_sessionmaker[AsyncSession]) -> FastAPI:
    app = FastAPI()

    async def session() -> Any:
        async with sessions() as made:
            yield made

    @app.post("/api/v1/receipts", status_code=201)
    async def accept(
        order: Order, db: Annotated[AsyncSession, Depends(session)], authorization: Annotated[str, Header()]
    ) -> dict[str, str]:
        digest = hashlib.sha256(authorization.removeprefix("Bearer ").encode()).hexdigest()
        shop = await db.scalar(select(Key.shop).where(Key.hash == digest))
        if shop is None:
            raise HTTPException(401)
        receipt = order.receipt
        total = sum(item.sum for item in receipt.items)
        if total != sum(payment.sum for payment in receipt.payments):
            raise HTTPException(422, "sums")
        row = Row(
            id=uuid4().hex,
            shop=shop,
            external_id=order.external_id,
            total=total,
            content=receipt.model_dump_json(),
        )
        db.add(row)
        try:
            await db.commit()
        except IntegrityError:
            raise HTTPException(409) from None
        return {"id": row.id, "external_id": row.external_id, "state": row.state}

    return app
