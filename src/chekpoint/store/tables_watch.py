"""The tables of reconciliation, of the watch and of its channels. Units as in ``tables``."""

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from chekpoint.store.tables import metadata

incident = Table(
    "incident",
    metadata,
    Column("id", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("severity", Text, nullable=False),
    Column("text_ru", Text, nullable=False),
    Column("text_en", Text, nullable=False),
    Column("opened_at", BigInteger, nullable=False),
    Column("closed_at", BigInteger, nullable=True),
    Column("seen_at", BigInteger, nullable=True),
    Column("seen_by", Text, nullable=True),
    Column("quiet_since", BigInteger, nullable=True),  # it is not seen any more since then; closed when that has lasted
    Column("worse_at", BigInteger, nullable=True),  # a warning became critical then: it must be seen anew
    Index("uq_incident_open", "kind", "subject", unique=True, sqlite_where=text("closed_at IS NULL"),
          postgresql_where=text("closed_at IS NULL")),
    Index("ix_incident_closed_at", "closed_at"),
)  # fmt: skip

ofd_record = Table(
    "ofd_record",  # a document as an operator shows it: the other side of reconciliation
    metadata,
    Column("fn", Text, nullable=False),
    Column("fd_number", BigInteger, nullable=False),
    Column("source", Text, nullable=False),  # operator:NAME or import:FILE
    Column("fiscal_sign", Text, nullable=False),
    Column("total", BigInteger, nullable=False),
    Column("made_at", Text, nullable=False),  # the register's local wall clock
    Column("kind", SmallInteger, nullable=False),
    Column("document", SmallInteger, nullable=False),
    Column("answer", SmallInteger, nullable=False),  # 1022
    Column("fns", Text, nullable=True),  # core.ports.FnsState
    Column("items_digest", Text, nullable=True),
    Column("vat_digest", Text, nullable=True),
    Column("received_at", Text, nullable=True),
    Column("seen_at", BigInteger, nullable=False),
    Column("body", LargeBinary, nullable=False),  # JSON of OfdRecord
    Column("facts", BigInteger, nullable=True),  # as of fiscal_document; None: not held against ours yet
    PrimaryKeyConstraint("fn", "fd_number", "source", "fiscal_sign"),
    Index("ix_ofd_record_fns", "fns", "fn", sqlite_where=text("fns <> 'accepted'"),
          postgresql_where=text("fns <> 'accepted'")),
    Index("ix_ofd_record_facts", "fn", "fd_number", "facts", sqlite_where=text("facts IS NOT NULL"),
          postgresql_where=text("facts IS NOT NULL")),
)  # fmt: skip

mismatch = Table(
    "mismatch",  # one difference between what we know and what the other side shows
    metadata,
    Column("id", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("subject", Text, nullable=False),  # fn/fd, receipt id or payment id: one open row for each
    Column("severity", Text, nullable=False),  # critical | warning
    Column("register_id", Text, nullable=True),
    Column("fn", Text, nullable=True),
    Column("fd_number", BigInteger, nullable=True),
    Column("receipt_id", Text, nullable=True),
    Column("payment_id", Text, nullable=True),
    Column("day", Text, nullable=False),  # YYYY-MM-DD of the register's clock
    Column("ours", LargeBinary, nullable=True),  # JSON
    Column("theirs", LargeBinary, nullable=True),  # JSON
    Column("text_ru", Text, nullable=False),
    Column("text_en", Text, nullable=False),
    Column("act_ru", Text, nullable=False),  # what to do
    Column("act_en", Text, nullable=False),
    Column("opened_at", BigInteger, nullable=False),
    Column("closed_at", BigInteger, nullable=True),  # it is gone by itself
    Column("resolved_at", BigInteger, nullable=True),  # a person has said what it was
    Column("resolved_by", Text, nullable=True),
    Column("reason", Text, nullable=True),
    Index("uq_mismatch_open", "kind", "subject", unique=True, sqlite_where=text("closed_at IS NULL"),
          postgresql_where=text("closed_at IS NULL")),
    Index("ix_mismatch_day", "day", "register_id"),
    Index("ix_mismatch_open", "register_id", "fn", "fd_number", sqlite_where=text("closed_at IS NULL"),
          postgresql_where=text("closed_at IS NULL")),
)  # fmt: skip

compared = Table(
    "compared",  # one day of one drive: what the last comparison counted
    metadata,
    Column("fn", Text, nullable=False),
    Column("day", Text, nullable=False),
    Column("register_id", Text, nullable=True),
    Column("ours", BigInteger, nullable=False),
    Column("theirs", BigInteger, nullable=False),
    Column("equal", BigInteger, nullable=False),
    Column("source", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    PrimaryKeyConstraint("fn", "day"),
    Index("ix_compared_day", "day"),
)

payment = Table(
    "payment",  # money that a shop or a payment system says it has taken or given back
    metadata,
    Column("id", Text, primary_key=True),
    Column("seller_id", Text, ForeignKey("seller.id"), nullable=False),
    Column("shop_id", Text, ForeignKey("shop.id"), nullable=True),
    Column("source", Text, nullable=False),  # shop | import:FILE | name of a payment system
    Column("external_id", Text, nullable=False),  # the payment's id on the other side
    Column("order_id", Text, nullable=False),  # the receipt's external id, or what it begins with
    Column("kopecks", BigInteger, nullable=False),
    Column("refund", SmallInteger, nullable=False, server_default="0"),
    Column("paid_at", BigInteger, nullable=False),
    Column("seen_at", BigInteger, nullable=False),
    Column("receipt_id", Text, nullable=True),  # the receipt that covers it
    UniqueConstraint("source", "external_id"),
    Index("ix_payment_open", "paid_at", sqlite_where=text("receipt_id IS NULL"),
          postgresql_where=text("receipt_id IS NULL")),
    Index("ix_payment_order_id", "order_id"),
    Index("ix_payment_shop_id_paid_at", "shop_id", "paid_at"),
)  # fmt: skip

imported = Table(
    "imported",  # a file that a person has given us: an operator's export, a list of checks or of payments
    metadata,
    Column("id", Text, primary_key=True),
    Column("kind", Text, nullable=False),  # ofd | checks | payments
    Column("name", Text, nullable=False),
    Column("digest", Text, nullable=False),  # SHA-256 of the file
    Column("rows", BigInteger, nullable=False),
    Column("who", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
)

suspicion = Table(
    "suspicion",  # what a check finds wrong now, before and after it is an incident: grace and hysteresis
    metadata,
    Column("kind", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("since", BigInteger, nullable=False),
    Column("quiet_since", BigInteger, nullable=True),
    PrimaryKeyConstraint("kind", "subject"),
)

probe = Table(
    "probe",  # the last answer of something that is asked from outside: a site, a certificate, a cabinet
    metadata,
    Column("kind", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("ok", SmallInteger, nullable=False),
    Column("since", BigInteger, nullable=False),  # the first answer of this sort in a row
    Column("body", LargeBinary, nullable=False),  # JSON: what was seen
    PrimaryKeyConstraint("kind", "subject"),
)

site = Table(
    "site",  # a page that is looked at as a buyer would
    metadata,
    Column("id", Text, primary_key=True),
    Column("shop_id", Text, ForeignKey("shop.id"), nullable=True),
    Column("name", Text, nullable=False),
    Column("url", Text, nullable=False),
    Column("expected", Text, nullable=True),  # a text that the page must hold
    Column("journey", LargeBinary, nullable=True),  # JSON: the steps of a browser; None: the page alone
    Column("every_seconds", Integer, nullable=False),
    Column("enabled", SmallInteger, nullable=False, server_default="1"),
    Column("created_at", BigInteger, nullable=False),
    UniqueConstraint("name"),
)

channel = Table(
    "channel",  # a way to reach people
    metadata,
    Column("id", Text, primary_key=True),
    Column("kind", Text, nullable=False),  # telegram | email | webhook
    Column("name", Text, nullable=False),
    Column("config", LargeBinary, nullable=False),  # JSON; secrets are masked on every screen
    Column("enabled", SmallInteger, nullable=False, server_default="1"),
    Column("severity", Text, nullable=False, server_default="warning"),  # the least that it is told
    Column("after_seconds", BigInteger, nullable=False, server_default="0"),  # escalation: unseen for so long
    Column("quiet_from", Text, nullable=True),  # HH:MM of the sellers' zone; warnings wait for the morning
    Column("quiet_until", Text, nullable=True),
    Column("lang", Text, nullable=False, server_default="ru"),
    Column("created_at", BigInteger, nullable=False),
    Column("removed_at", BigInteger, nullable=True),  # its alerts stay to be seen, its secrets do not
    Column("read_to", BigInteger, nullable=True),  # what people wrote there is read up to this number
    Column("reader", Text, nullable=True),  # the node that reads it, until then
    Column("reader_until", BigInteger, nullable=True),
    Index("uq_channel_name", "name", unique=True, sqlite_where=text("removed_at IS NULL"),
          postgresql_where=text("removed_at IS NULL")),
)  # fmt: skip

alert = Table(
    "alert",  # one message over one channel: durable before it leaves, sent only when the provider took it
    metadata,
    Column("id", Text, primary_key=True),
    Column("incident_id", Text, ForeignKey("incident.id"), nullable=True),  # None: a test
    Column("channel_id", Text, ForeignKey("channel.id"), nullable=False),
    Column("phase", Text, nullable=False),  # opened | worse | reminder | recovered | test
    Column("number", Integer, nullable=False, server_default="0"),  # of its phase, from 0
    Column("severity", Text, nullable=False),  # of the incident when this was due
    Column("state", Text, nullable=False),  # waiting | sending | sent | given_up | dropped
    Column("tries", Integer, nullable=False, server_default="0"),
    Column("created_at", BigInteger, nullable=False),
    Column("next_check_at", BigInteger, nullable=True),
    Column("sent_at", BigInteger, nullable=True),
    Column("said", Text, nullable=True),  # the provider's own words when it took it
    Column("error", Text, nullable=True),
    UniqueConstraint("incident_id", "channel_id", "phase", "number"),
    Index("ix_alert_due", "next_check_at", sqlite_where=text("next_check_at IS NOT NULL"),
          postgresql_where=text("next_check_at IS NOT NULL")),
    Index("ix_alert_channel_id", "channel_id", "id"),
)  # fmt: skip

silence = Table(
    "silence",  # a person does not want to hear of something until then, and says why
    metadata,
    Column("id", Text, primary_key=True),
    Column("kind", Text, nullable=False),  # of incidents; empty: of any
    Column("subject", Text, nullable=False),  # empty: any
    Column("until", BigInteger, nullable=False),
    Column("who", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("ended_at", BigInteger, nullable=True),
)
