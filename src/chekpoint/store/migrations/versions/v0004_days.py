"""The day of a register: when its shift closes and opens, its opening cash, its printing; and errands."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
OPEN = sa.text("state IN ('waiting', 'running')")
NAMES = ("close_at", "open_at", "opening_cash", "printing")


def upgrade() -> None:
    """Add the columns and the table."""
    for name in ("close_at", "open_at"):
        op.add_column("register", sa.Column(name, sa.Text(), nullable=True))
    cash = sa.Column("opening_cash", sa.BigInteger(), server_default="0", nullable=False)
    op.add_column("register", cash)
    op.add_column("register", sa.Column("printing", sa.Text(), server_default="asked", nullable=False))
    op.create_table(
        "errand",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("register_id", sa.Text(), nullable=False),
        sa.Column("verb", sa.Text(), nullable=False),
        sa.Column("kopecks", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("said", sa.Text(), server_default="", nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("finished_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["register_id"], ["register.id"], name=op.f("fk_errand_register_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_errand")),
    )
    op.create_index(
        "ix_errand_open", "errand", ["register_id"], unique=False, sqlite_where=OPEN, postgresql_where=OPEN
    )
    op.create_index("ix_errand_register_id_id", "errand", ["register_id", "id"], unique=False)


def downgrade() -> None:
    """Forget them."""
    op.drop_table("errand")
    for name in NAMES:
        op.drop_column("register", name)
