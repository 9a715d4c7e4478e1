"""The first schema."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create every table."""
    op.create_table(
        "audit",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("verb", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit")),
    )
    op.create_index("ix_audit_subject", "audit", ["subject"], unique=False)
    op.create_table(
        "event",
        sa.Column("journal", sa.Text(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("journal", "seq", name=op.f("pk_event")),
    )
    op.create_index("ix_event_subject", "event", ["subject"], unique=False)
    op.create_table(
        "exchange",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("register_id", sa.Text(), nullable=False),
        sa.Column("attempt_id", sa.Text(), nullable=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("request", sa.Text(), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_exchange")),
    )
    op.create_index("ix_exchange_attempt_id", "exchange", ["attempt_id"], unique=False)
    op.create_index("ix_exchange_register_id_id", "exchange", ["register_id", "id"], unique=False)
    op.create_table(
        "fiscal_document",
        sa.Column("fn", sa.Text(), nullable=False),
        sa.Column("fd_number", sa.BigInteger(), nullable=False),
        sa.Column("receipt_id", sa.Text(), nullable=True),
        sa.Column("register_id", sa.Text(), nullable=False),
        sa.Column("document", sa.SmallInteger(), nullable=False),
        sa.Column("kind", sa.SmallInteger(), nullable=False),
        sa.Column("total", sa.BigInteger(), nullable=False),
        sa.Column("fiscal_sign", sa.Text(), nullable=False),
        sa.Column("made_at", sa.Text(), nullable=False),
        sa.Column("shift_number", sa.BigInteger(), nullable=True),
        sa.Column("receipt_number", sa.BigInteger(), nullable=True),
        sa.Column("registration_number", sa.Text(), nullable=True),
        sa.Column("mark", sa.Text(), nullable=True),
        sa.Column("qr", sa.Text(), nullable=True),
        sa.Column("seen_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("fn", "fd_number", name=op.f("pk_fiscal_document")),
    )
    op.create_index(
        "ix_fiscal_document_orphan",
        "fiscal_document",
        ["mark"],
        unique=False,
        sqlite_where=sa.text("receipt_id IS NULL AND mark IS NOT NULL"),
        postgresql_where=sa.text("receipt_id IS NULL AND mark IS NOT NULL"),
    )
    op.create_index(
        "uq_fiscal_document_receipt_id",
        "fiscal_document",
        ["receipt_id"],
        unique=True,
        sqlite_where=sa.text("receipt_id IS NOT NULL"),
        postgresql_where=sa.text("receipt_id IS NOT NULL"),
    )
    op.create_table(
        "incident",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("severity", sa.Text(), nullable=False),
        sa.Column("text_ru", sa.Text(), nullable=False),
        sa.Column("text_en", sa.Text(), nullable=False),
        sa.Column("opened_at", sa.BigInteger(), nullable=False),
        sa.Column("closed_at", sa.BigInteger(), nullable=True),
        sa.Column("seen_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_incident")),
    )
    op.create_index(
        "uq_incident_open",
        "incident",
        ["kind", "subject"],
        unique=True,
        sqlite_where=sa.text("closed_at IS NULL"),
        postgresql_where=sa.text("closed_at IS NULL"),
    )
    op.create_table(
        "meta",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_meta")),
    )
    op.create_table(
        "outbox",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("shop_id", sa.Text(), nullable=False),
        sa.Column("receipt_id", sa.Text(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("tries", sa.Integer(), server_default="0", nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("next_check_at", sa.BigInteger(), nullable=True),
        sa.Column("delivered_at", sa.BigInteger(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox")),
    )
    op.create_index(
        "ix_outbox_due",
        "outbox",
        ["next_check_at"],
        unique=False,
        sqlite_where=sa.text("state = 'waiting'"),
        postgresql_where=sa.text("state = 'waiting'"),
    )
    op.create_index("ix_outbox_receipt_id", "outbox", ["receipt_id"], unique=False)
    op.create_table(
        "register_reading",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("register_id", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_register_reading")),
    )
    op.create_index(
        "ix_register_reading_register_id_id", "register_reading", ["register_id", "id"], unique=False
    )
    op.create_table(
        "seller",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("inn", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_seller")),
        sa.UniqueConstraint("inn", name=op.f("uq_seller_inn")),
    )
    op.create_table(
        "shift",
        sa.Column("fn", sa.Text(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("register_id", sa.Text(), nullable=False),
        sa.Column("opened_fd", sa.BigInteger(), nullable=True),
        sa.Column("opened_at", sa.Text(), nullable=True),
        sa.Column("closed_fd", sa.BigInteger(), nullable=True),
        sa.Column("closed_at", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("fn", "number", name=op.f("pk_shift")),
    )
    op.create_index("ix_shift_register_id", "shift", ["register_id"], unique=False)
    op.create_table(
        "ticket",
        sa.Column("fn", sa.Text(), nullable=False),
        sa.Column("fd_number", sa.BigInteger(), nullable=False),
        sa.Column("answer", sa.SmallInteger(), nullable=False),
        sa.Column("flags", sa.SmallInteger(), nullable=False),
        sa.Column("operator_inn", sa.Text(), nullable=True),
        sa.Column("operator_sign", sa.Text(), nullable=True),
        sa.Column("made_at", sa.Text(), nullable=True),
        sa.Column("seen_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("fn", "fd_number", name=op.f("pk_ticket")),
    )
    op.create_table(
        "user",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("login", sa.Text(), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_user")),
        sa.UniqueConstraint("login", name=op.f("uq_user_login")),
    )
    op.create_table(
        "ofd_account",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("seller_id", sa.Text(), nullable=False),
        sa.Column("operator", sa.Text(), nullable=False),
        sa.Column("config", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["seller_id"], ["seller.id"], name=op.f("fk_ofd_account_seller_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ofd_account")),
    )
    op.create_table(
        "register",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("seller_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("maker", sa.Text(), nullable=False),
        sa.Column("config", sa.LargeBinary(), nullable=False),
        sa.Column("enabled", sa.BigInteger(), server_default="1", nullable=False),
        sa.Column("draining", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("taxations", sa.BigInteger(), nullable=True),
        sa.Column("ffd", sa.Text(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["seller_id"], ["seller.id"], name=op.f("fk_register_seller_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_register")),
        sa.UniqueConstraint("name", name=op.f("uq_register_name")),
    )
    op.create_table(
        "shop",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("seller_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), server_default="api", nullable=False),
        sa.Column("site", sa.Text(), nullable=True),
        sa.Column("webhook_url", sa.Text(), nullable=True),
        sa.Column("webhook_secret", sa.Text(), nullable=True),
        sa.Column("deadline_seconds", sa.BigInteger(), server_default="300", nullable=False),
        sa.Column("expire_seconds", sa.BigInteger(), nullable=True),
        sa.Column("settings", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["seller_id"], ["seller.id"], name=op.f("fk_shop_seller_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shop")),
        sa.UniqueConstraint("name", name=op.f("uq_shop_name")),
    )
    op.create_table(
        "api_key",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("shop_id", sa.Text(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("hint", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("revoked_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["shop_id"], ["shop.id"], name=op.f("fk_api_key_shop_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_key")),
        sa.UniqueConstraint("hash", name=op.f("uq_api_key_hash")),
    )
    op.create_table(
        "lane",
        sa.Column("register_id", sa.Text(), nullable=False),
        sa.Column("holder", sa.Text(), nullable=True),
        sa.Column("fence", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("lease_until", sa.BigInteger(), nullable=True),
        sa.Column("fn", sa.Text(), nullable=True),
        sa.Column("last_fd", sa.BigInteger(), nullable=True),
        sa.Column("block", sa.Text(), nullable=True),
        sa.Column("block_message", sa.Text(), nullable=True),
        sa.Column("blocked_since", sa.BigInteger(), nullable=True),
        sa.Column("next_check_at", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.LargeBinary(), nullable=True),
        sa.Column("status_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["register_id"], ["register.id"], name=op.f("fk_lane_register_id")),
        sa.PrimaryKeyConstraint("register_id", name=op.f("pk_lane")),
    )
    op.create_table(
        "receipt",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("seller_id", sa.Text(), nullable=False),
        sa.Column("shop_id", sa.Text(), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=False),
        sa.Column("mark", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("proof", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("total", sa.BigInteger(), nullable=False),
        sa.Column("taxation", sa.SmallInteger(), nullable=False),
        sa.Column("marked", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("accepted_at", sa.BigInteger(), nullable=False),
        sa.Column("deadline_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=True),
        sa.Column("ready_at", sa.BigInteger(), nullable=False),
        sa.Column("next_check_at", sa.BigInteger(), nullable=True),
        sa.Column("tries", sa.Integer(), server_default="0", nullable=False),
        sa.Column("register_id", sa.Text(), nullable=True),
        sa.Column("fn", sa.Text(), nullable=True),
        sa.Column("fd_number", sa.BigInteger(), nullable=True),
        sa.Column("fiscal_sign", sa.Text(), nullable=True),
        sa.Column("error_code", sa.Text(), nullable=True),
        sa.Column("error_text", sa.Text(), nullable=True),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["seller_id"], ["seller.id"], name=op.f("fk_receipt_seller_id")),
        sa.ForeignKeyConstraint(["shop_id"], ["shop.id"], name=op.f("fk_receipt_shop_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_receipt")),
        sa.UniqueConstraint("mark", name=op.f("uq_receipt_mark")),
        sa.UniqueConstraint("shop_id", "external_id", name=op.f("uq_receipt_shop_id_external_id")),
    )
    op.create_index(
        "ix_receipt_due",
        "receipt",
        ["next_check_at"],
        unique=False,
        sqlite_where=sa.text("next_check_at IS NOT NULL"),
        postgresql_where=sa.text("next_check_at IS NOT NULL"),
    )
    op.create_index(
        "ix_receipt_open",
        "receipt",
        ["state", "id"],
        unique=False,
        sqlite_where=sa.text("state <> 'fiscalised'"),
        postgresql_where=sa.text("state <> 'fiscalised'"),
    )
    op.create_index(
        "ix_receipt_queue",
        "receipt",
        ["seller_id", "deadline_at", "id"],
        unique=False,
        sqlite_where=sa.text("state = 'queued'"),
        postgresql_where=sa.text("state = 'queued'"),
    )
    op.create_index("ix_receipt_shop_id_id", "receipt", ["shop_id", "id"], unique=False)
    op.create_index(
        "ix_receipt_unproven",
        "receipt",
        ["fn", "fd_number"],
        unique=False,
        sqlite_where=sa.text("state = 'fiscalised' AND proof < 30"),
        postgresql_where=sa.text("state = 'fiscalised' AND proof < 30"),
    )
    op.create_table(
        "shop_memory",
        sa.Column("shop_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", sa.LargeBinary(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["shop_id"], ["shop.id"], name=op.f("fk_shop_memory_shop_id")),
        sa.PrimaryKeyConstraint("shop_id", "name", name=op.f("pk_shop_memory")),
    )
    op.create_table(
        "attempt",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("receipt_id", sa.Text(), nullable=False),
        sa.Column("register_id", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("fn", sa.Text(), nullable=False),
        sa.Column("last_fd", sa.BigInteger(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("fence", sa.BigInteger(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=True),
        sa.Column("message", sa.Text(), nullable=True),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("finished_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["receipt_id"], ["receipt.id"], name=op.f("fk_attempt_receipt_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attempt")),
    )
    op.create_index(
        "ix_attempt_open",
        "attempt",
        ["register_id"],
        unique=False,
        sqlite_where=sa.text("outcome IN ('open', 'unknown')"),
        postgresql_where=sa.text("outcome IN ('open', 'unknown')"),
    )
    op.create_index("ix_attempt_receipt_id", "attempt", ["receipt_id"], unique=False)
    op.create_table(
        "contact",
        sa.Column("receipt_id", sa.Text(), nullable=False),
        sa.Column("buyer", sa.LargeBinary(), nullable=False),
        sa.Column("address", sa.Text(), nullable=True),
        sa.Column("token", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["receipt_id"], ["receipt.id"], name=op.f("fk_contact_receipt_id")),
        sa.PrimaryKeyConstraint("receipt_id", name=op.f("pk_contact")),
        sa.UniqueConstraint("token", name=op.f("uq_contact_token")),
    )
    op.create_index("ix_contact_address", "contact", ["address", "receipt_id"], unique=False)
    op.create_table(
        "evidence",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("receipt_id", sa.Text(), nullable=False),
        sa.Column("rung", sa.SmallInteger(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["receipt_id"], ["receipt.id"], name=op.f("fk_evidence_receipt_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_evidence")),
    )
    op.create_index("ix_evidence_receipt_id", "evidence", ["receipt_id"], unique=False)


def downgrade() -> None:
    """Drop every table."""
    op.drop_index("ix_evidence_receipt_id", table_name="evidence")
    op.drop_table("evidence")
    op.drop_index("ix_contact_address", table_name="contact")
    op.drop_table("contact")
    op.drop_index("ix_attempt_receipt_id", table_name="attempt")
    op.drop_index(
        "ix_attempt_open",
        table_name="attempt",
        sqlite_where=sa.text("outcome IN ('open', 'unknown')"),
        postgresql_where=sa.text("outcome IN ('open', 'unknown')"),
    )
    op.drop_table("attempt")
    op.drop_table("shop_memory")
    op.drop_index(
        "ix_receipt_unproven",
        table_name="receipt",
        sqlite_where=sa.text("state = 'fiscalised' AND proof < 30"),
        postgresql_where=sa.text("state = 'fiscalised' AND proof < 30"),
    )
    op.drop_index("ix_receipt_shop_id_id", table_name="receipt")
    op.drop_index(
        "ix_receipt_queue",
        table_name="receipt",
        sqlite_where=sa.text("state = 'queued'"),
        postgresql_where=sa.text("state = 'queued'"),
    )
    op.drop_index(
        "ix_receipt_open",
        table_name="receipt",
        sqlite_where=sa.text("state <> 'fiscalised'"),
        postgresql_where=sa.text("state <> 'fiscalised'"),
    )
    op.drop_index(
        "ix_receipt_due",
        table_name="receipt",
        sqlite_where=sa.text("next_check_at IS NOT NULL"),
        postgresql_where=sa.text("next_check_at IS NOT NULL"),
    )
    op.drop_table("receipt")
    op.drop_table("lane")
    op.drop_table("api_key")
    op.drop_table("shop")
    op.drop_table("register")
    op.drop_table("ofd_account")
    op.drop_table("user")
    op.drop_table("ticket")
    op.drop_index("ix_shift_register_id", table_name="shift")
    op.drop_table("shift")
    op.drop_table("seller")
    op.drop_index("ix_register_reading_register_id_id", table_name="register_reading")
    op.drop_table("register_reading")
    op.drop_index("ix_outbox_receipt_id", table_name="outbox")
    op.drop_index(
        "ix_outbox_due",
        table_name="outbox",
        sqlite_where=sa.text("state = 'waiting'"),
        postgresql_where=sa.text("state = 'waiting'"),
    )
    op.drop_table("outbox")
    op.drop_table("meta")
    op.drop_index(
        "uq_incident_open",
        table_name="incident",
        sqlite_where=sa.text("closed_at IS NULL"),
        postgresql_where=sa.text("closed_at IS NULL"),
    )
    op.drop_table("incident")
    op.drop_index(
        "uq_fiscal_document_receipt_id",
        table_name="fiscal_document",
        sqlite_where=sa.text("receipt_id IS NOT NULL"),
        postgresql_where=sa.text("receipt_id IS NOT NULL"),
    )
    op.drop_index(
        "ix_fiscal_document_orphan",
        table_name="fiscal_document",
        sqlite_where=sa.text("receipt_id IS NULL AND mark IS NOT NULL"),
        postgresql_where=sa.text("receipt_id IS NULL AND mark IS NOT NULL"),
    )
    op.drop_table("fiscal_document")
    op.drop_index("ix_exchange_register_id_id", table_name="exchange")
    op.drop_index("ix_exchange_attempt_id", table_name="exchange")
    op.drop_table("exchange")
    op.drop_index("ix_event_subject", table_name="event")
    op.drop_table("event")
    op.drop_index("ix_audit_subject", table_name="audit")
    op.drop_table("audit")
