"""Pools of registers: each seller's registers form its default pool; receipts wait in the queue of a pool."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
QUEUED = sa.text("state = 'queued'")


def upgrade() -> None:
    """Create the tables, put every register and receipt into its seller's default pool."""
    op.create_table(
        "pool",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("seller_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["seller_id"], ["seller.id"], name=op.f("fk_pool_seller_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pool")),
        sa.UniqueConstraint("seller_id", "name", name=op.f("uq_pool_seller_id_name")),
    )
    op.create_table(
        "pool_register",
        sa.Column("pool_id", sa.Text(), nullable=False),
        sa.Column("register_id", sa.Text(), nullable=False),
        sa.Column("lead_ms", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["pool_id"], ["pool.id"], name=op.f("fk_pool_register_pool_id")),
        sa.ForeignKeyConstraint(["register_id"], ["register.id"], name=op.f("fk_pool_register_register_id")),
        sa.PrimaryKeyConstraint("pool_id", "register_id", name=op.f("pk_pool_register")),
    )
    op.create_table(
        "route",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("seller_id", sa.Text(), nullable=False),
        sa.Column("rank", sa.BigInteger(), nullable=False),
        sa.Column("pool_id", sa.Text(), nullable=False),
        sa.Column("shop_id", sa.Text(), nullable=True),
        sa.Column("section", sa.Text(), nullable=True),
        sa.Column("pay_system", sa.Text(), nullable=True),
        sa.Column("place", sa.Text(), nullable=True),
        sa.Column("taxations", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["seller_id"], ["seller.id"], name=op.f("fk_route_seller_id")),
        sa.ForeignKeyConstraint(["pool_id"], ["pool.id"], name=op.f("fk_route_pool_id")),
        sa.ForeignKeyConstraint(["shop_id"], ["shop.id"], name=op.f("fk_route_shop_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_route")),
    )
    op.add_column("receipt", sa.Column("pool_id", sa.Text(), server_default="", nullable=False))
    for name in ("section", "pay_system", "place"):
        op.add_column("receipt", sa.Column(name, sa.Text(), nullable=True))
    op.execute(
        "INSERT INTO pool (id, seller_id, name, created_at) SELECT id, id, 'Все кассы', created_at FROM seller"
    )
    op.execute("INSERT INTO pool_register (pool_id, register_id) SELECT seller_id, id FROM register")
    op.execute("UPDATE receipt SET pool_id = seller_id")
    op.drop_index("ix_receipt_queue", table_name="receipt", sqlite_where=QUEUED, postgresql_where=QUEUED)
    _queue("pool_id")


def downgrade() -> None:
    """One queue for each seller again."""
    op.drop_index("ix_receipt_queue", table_name="receipt", sqlite_where=QUEUED, postgresql_where=QUEUED)
    _queue("seller_id")
    for name in ("pool_id", "section", "pay_system", "place"):
        op.drop_column("receipt", name)
    op.drop_table("route")
    op.drop_table("pool_register")
    op.drop_table("pool")


def _queue(whose: str) -> None:
    op.create_index(
        "ix_receipt_queue",
        "receipt",
        [whose, "deadline_at", "id"],
        unique=False,
        sqlite_where=QUEUED,
        postgresql_where=QUEUED,
    )
