"""Reconciliation, the watch and its channels."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
OF_RECONCILIATION = ("payment", "ofd_record", "mismatch", "imported", "compared")
OF_WATCH = ("alert", "site", "suspicion", "silence", "probe", "channel")
COLUMNS = (
    ("fiscal_document", "items_digest"), ("fiscal_document", "vat_digest"), ("fiscal_document", "facts"),
    ("incident", "seen_by"), ("incident", "quiet_since"), ("incident", "worse_at"),
)  # fmt: skip


def upgrade() -> None:
    """Add the tables and the columns."""
    _reconciliation()
    _watch()
    _for_checks()


def _for_checks() -> None:
    """What the checks ask every minute, of tables that hold years."""
    for name, table, columns, where in (
        ("ix_ofd_record_fns", "ofd_record", ["fns", "fn"], "fns <> 'accepted'"),
        ("ix_outbox_given_up", "outbox", ["created_at"], "state = 'given_up'"),
    ):
        given = sa.text(where)
        op.create_index(name, table, columns, unique=False, sqlite_where=given, postgresql_where=given)


def _reconciliation() -> None:
    op.create_table(
        "compared",
        sa.Column("fn", sa.Text(), nullable=False),
        sa.Column("day", sa.Text(), nullable=False),
        sa.Column("register_id", sa.Text(), nullable=True),
        sa.Column("ours", sa.BigInteger(), nullable=False),
        sa.Column("theirs", sa.BigInteger(), nullable=False),
        sa.Column("equal", sa.BigInteger(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("fn", "day", name=op.f("pk_compared")),
    )
    op.create_index("ix_compared_day", "compared", ["day"], unique=False)
    op.create_table(
        "imported",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("rows", sa.BigInteger(), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_imported")),
    )
    op.create_table(
        "mismatch",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("severity", sa.Text(), nullable=False),
        sa.Column("register_id", sa.Text(), nullable=True),
        sa.Column("fn", sa.Text(), nullable=True),
        sa.Column("fd_number", sa.BigInteger(), nullable=True),
        sa.Column("receipt_id", sa.Text(), nullable=True),
        sa.Column("payment_id", sa.Text(), nullable=True),
        sa.Column("day", sa.Text(), nullable=False),
        sa.Column("ours", sa.LargeBinary(), nullable=True),
        sa.Column("theirs", sa.LargeBinary(), nullable=True),
        sa.Column("text_ru", sa.Text(), nullable=False),
        sa.Column("text_en", sa.Text(), nullable=False),
        sa.Column("act_ru", sa.Text(), nullable=False),
        sa.Column("act_en", sa.Text(), nullable=False),
        sa.Column("opened_at", sa.BigInteger(), nullable=False),
        sa.Column("closed_at", sa.BigInteger(), nullable=True),
        sa.Column("resolved_at", sa.BigInteger(), nullable=True),
        sa.Column("resolved_by", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mismatch")),
    )
    op.create_index("ix_mismatch_day", "mismatch", ["day", "register_id"], unique=False)
    op.create_index(
        "ix_mismatch_open",
        "mismatch",
        ["register_id", "fn", "fd_number"],
        unique=False,
        sqlite_where=sa.text("closed_at IS NULL"),
        postgresql_where=sa.text("closed_at IS NULL"),
    )
    op.create_index(
        "uq_mismatch_open",
        "mismatch",
        ["kind", "subject"],
        unique=True,
        sqlite_where=sa.text("closed_at IS NULL"),
        postgresql_where=sa.text("closed_at IS NULL"),
    )
    op.create_table(
        "ofd_record",
        sa.Column("fn", sa.Text(), nullable=False),
        sa.Column("fd_number", sa.BigInteger(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("fiscal_sign", sa.Text(), nullable=False),
        sa.Column("total", sa.BigInteger(), nullable=False),
        sa.Column("made_at", sa.Text(), nullable=False),
        sa.Column("kind", sa.SmallInteger(), nullable=False),
        sa.Column("document", sa.SmallInteger(), nullable=False),
        sa.Column("answer", sa.SmallInteger(), nullable=False),
        sa.Column("fns", sa.Text(), nullable=True),
        sa.Column("items_digest", sa.Text(), nullable=True),
        sa.Column("vat_digest", sa.Text(), nullable=True),
        sa.Column("received_at", sa.Text(), nullable=True),
        sa.Column("seen_at", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("facts", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("fn", "fd_number", "source", "fiscal_sign", name=op.f("pk_ofd_record")),
    )
    _index_facts("ofd_record")
    op.create_table(
        "payment",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("seller_id", sa.Text(), nullable=False),
        sa.Column("shop_id", sa.Text(), nullable=True),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=False),
        sa.Column("order_id", sa.Text(), nullable=False),
        sa.Column("kopecks", sa.BigInteger(), nullable=False),
        sa.Column("refund", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("paid_at", sa.BigInteger(), nullable=False),
        sa.Column("seen_at", sa.BigInteger(), nullable=False),
        sa.Column("receipt_id", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["seller_id"], ["seller.id"], name=op.f("fk_payment_seller_id")),
        sa.ForeignKeyConstraint(["shop_id"], ["shop.id"], name=op.f("fk_payment_shop_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payment")),
        sa.UniqueConstraint("source", "external_id", name=op.f("uq_payment_source_external_id")),
    )
    op.create_index(
        "ix_payment_open",
        "payment",
        ["paid_at"],
        unique=False,
        sqlite_where=sa.text("receipt_id IS NULL"),
        postgresql_where=sa.text("receipt_id IS NULL"),
    )
    op.create_index("ix_payment_order_id", "payment", ["order_id"], unique=False)
    op.create_index("ix_payment_shop_id_paid_at", "payment", ["shop_id", "paid_at"], unique=False)
    op.add_column("fiscal_document", sa.Column("items_digest", sa.Text(), nullable=True))
    op.add_column("fiscal_document", sa.Column("vat_digest", sa.Text(), nullable=True))
    op.add_column("fiscal_document", sa.Column("facts", sa.BigInteger(), nullable=True))
    _index_facts("fiscal_document")


def _index_facts(table: str) -> None:
    op.create_index(
        f"ix_{table}_facts",
        table,
        ["fn", "fd_number", "facts"],
        unique=False,
        sqlite_where=sa.text("facts IS NOT NULL"),
        postgresql_where=sa.text("facts IS NOT NULL"),
    )


def _watch() -> None:
    op.create_table(
        "channel",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("config", sa.LargeBinary(), nullable=False),
        sa.Column("enabled", sa.SmallInteger(), server_default="1", nullable=False),
        sa.Column("severity", sa.Text(), server_default="warning", nullable=False),
        sa.Column("after_seconds", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("quiet_from", sa.Text(), nullable=True),
        sa.Column("quiet_until", sa.Text(), nullable=True),
        sa.Column("lang", sa.Text(), server_default="ru", nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("removed_at", sa.BigInteger(), nullable=True),
        sa.Column("read_to", sa.BigInteger(), nullable=True),
        sa.Column("reader", sa.Text(), nullable=True),
        sa.Column("reader_until", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_channel")),
    )
    op.create_index(
        "uq_channel_name",
        "channel",
        ["name"],
        unique=True,
        sqlite_where=sa.text("removed_at IS NULL"),
        postgresql_where=sa.text("removed_at IS NULL"),
    )
    op.create_table(
        "probe",
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("ok", sa.SmallInteger(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("kind", "subject", name=op.f("pk_probe")),
    )
    op.create_table(
        "silence",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_silence")),
    )
    op.create_table(
        "suspicion",
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("quiet_since", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("kind", "subject", name=op.f("pk_suspicion")),
    )
    op.create_table(
        "alert",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("incident_id", sa.Text(), nullable=True),
        sa.Column("channel_id", sa.Text(), nullable=False),
        sa.Column("phase", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), server_default="0", nullable=False),
        sa.Column("severity", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("tries", sa.Integer(), server_default="0", nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("next_check_at", sa.BigInteger(), nullable=True),
        sa.Column("sent_at", sa.BigInteger(), nullable=True),
        sa.Column("said", sa.Text(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["channel_id"], ["channel.id"], name=op.f("fk_alert_channel_id")),
        sa.ForeignKeyConstraint(["incident_id"], ["incident.id"], name=op.f("fk_alert_incident_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alert")),
        sa.UniqueConstraint(
            "incident_id",
            "channel_id",
            "phase",
            "number",
            name=op.f("uq_alert_incident_id_channel_id_phase_number"),
        ),
    )
    op.create_index("ix_alert_channel_id", "alert", ["channel_id", "id"], unique=False)
    op.create_index(
        "ix_alert_due",
        "alert",
        ["next_check_at"],
        unique=False,
        sqlite_where=sa.text("next_check_at IS NOT NULL"),
        postgresql_where=sa.text("next_check_at IS NOT NULL"),
    )
    op.create_table(
        "site",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("shop_id", sa.Text(), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("expected", sa.Text(), nullable=True),
        sa.Column("journey", sa.LargeBinary(), nullable=True),
        sa.Column("every_seconds", sa.Integer(), nullable=False),
        sa.Column("enabled", sa.SmallInteger(), server_default="1", nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["shop_id"], ["shop.id"], name=op.f("fk_site_shop_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_site")),
        sa.UniqueConstraint("name", name=op.f("uq_site_name")),
    )
    op.add_column("incident", sa.Column("seen_by", sa.Text(), nullable=True))
    op.add_column("incident", sa.Column("quiet_since", sa.BigInteger(), nullable=True))
    op.add_column("incident", sa.Column("worse_at", sa.BigInteger(), nullable=True))
    op.create_index("ix_incident_closed_at", "incident", ["closed_at"], unique=False)


def downgrade() -> None:
    """Forget them."""
    op.drop_index("ix_incident_closed_at", "incident")
    op.drop_index("ix_outbox_given_up", "outbox")
    op.drop_index("ix_fiscal_document_facts", "fiscal_document")
    for table, column in COLUMNS:
        op.drop_column(table, column)
    for table in (*OF_RECONCILIATION, *OF_WATCH):
        op.drop_table(table)
