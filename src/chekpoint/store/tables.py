"""The tables, for SQLite and PostgreSQL alike.

Times are milliseconds since 1970 UTC (``*_at``); sums are kopecks; keys are UUIDv7 as 32 hex digits, so
that they grow with time. ``content`` is the receipt as JSON *without* the buyer: personal data lives in
``contact`` alone, and may be purged there while digests and the event chain still verify.
"""

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    text,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def _key(name: str = "id") -> Column[str]:
    return Column(name, Text, primary_key=True)


def _moment(name: str, *, null: bool = False) -> Column[int]:
    return Column(name, BigInteger, nullable=null)


def _text(name: str, *, null: bool = False, default: str | None = None) -> Column[str]:
    return Column(name, Text, nullable=null, server_default=default)


def _number(name: str, *, null: bool = False, default: str | None = None) -> Column[int]:
    return Column(name, BigInteger, nullable=null, server_default=default)


def _owner(table: str, *, null: bool = False) -> Column[str]:
    return Column(f"{table}_id", Text, ForeignKey(f"{table}.id"), nullable=null)


meta = Table("meta", metadata, _key("name"), _text("value"))

seller = Table(
    "seller", metadata, _key(), _text("inn"), _text("name"), _moment("created_at"), UniqueConstraint("inn")
)

shop = Table(
    "shop",
    metadata,
    _key(),
    _owner("seller"),
    _text("name"),
    _text("kind", default="api"),
    _text("site", null=True),  # default of tag 1187
    _text("webhook_url", null=True),
    _text("webhook_secret", null=True),
    _number("deadline_seconds", default="300"),
    _number("expire_seconds", null=True),  # None: a late receipt is still registered
    Column("settings", LargeBinary, nullable=False),  # JSON: its door's form, and rules
    _moment("created_at"),
    UniqueConstraint("name"),
)

shop_memory = Table(
    "shop_memory",  # what a shop's door must not forget: cursors, ids of the other side, tokens
    metadata,
    _owner("shop"),
    _text("name"),
    Column("value", LargeBinary, nullable=False),
    _moment("updated_at"),
    PrimaryKeyConstraint("shop_id", "name"),
)

api_key = Table(
    "api_key",
    metadata,
    _key(),
    _owner("shop"),
    _text("hash"),  # SHA-256 of 256 random bits: nothing to guess, so no slow hash
    _text("hint"),
    _moment("created_at"),
    _moment("revoked_at", null=True),
    UniqueConstraint("hash"),
)

agent = Table(
    "agent",  # a program beside registers; its name may come again once it is revoked
    metadata,
    _key(),
    _text("name"),
    _text("hash"),
    _text("hint"),
    _moment("created_at"),
    _moment("revoked_at", null=True),
    _moment("last_seen_at", null=True),
    _text("version", null=True),
    UniqueConstraint("hash"),
)

user = Table(
    "user",
    metadata,
    _key(),
    _text("login"),
    _text("password_hash"),
    _moment("created_at"),
    UniqueConstraint("login"),
)

register = Table(
    "register",
    metadata,
    _key(),
    _owner("seller"),
    _text("name"),
    _text("maker"),  # the driver's name
    Column("config", LargeBinary, nullable=False),  # JSON; secrets are masked on every screen
    _number("enabled", default="1"),
    _number("draining", default="0"),  # takes no more receipts; what is open is finished
    _number("taxations", null=True),  # mask of 1062 as last read
    _text("ffd", null=True),
    _moment("created_at"),
    _text("close_at", null=True),  # HH:MM of the register's clock: the shift is closed then
    _text("open_at", null=True),  # HH:MM: the next one is opened then, and not by the first receipt
    _number("opening_cash", default="0"),  # kopecks put into the drawer of a fresh shift
    _text("printing", default="asked"),  # asked | always | never
    UniqueConstraint("name"),
)

errand = Table(
    "errand",  # what a person (or the day) asks of a register beside receipts: told at most once
    metadata,
    _key(),
    _owner("register"),
    _text("verb"),  # open_shift | close_shift | x_report | cash
    _number("kopecks", default="0"),
    _text("who"),
    _text("state"),  # waiting | running | done | failed | unknown
    _text("said", default=""),  # the register's own words
    _moment("created_at"),
    _moment("finished_at", null=True),
    Index("ix_errand_open", "register_id", sqlite_where=text("state IN ('waiting', 'running')"),
          postgresql_where=text("state IN ('waiting', 'running')")),
    Index("ix_errand_register_id_id", "register_id", "id"),
)  # fmt: skip

pool = Table(
    "pool",  # registers that share a queue; each seller's default one has the seller's id
    metadata,
    _key(),
    _owner("seller"),
    _text("name"),
    _moment("created_at"),
    UniqueConstraint("seller_id", "name"),
)

pool_register = Table(
    "pool_register",
    metadata,
    _owner("pool"),
    _owner("register"),
    _number("lead_ms", null=True),  # a reserve: how long before a deadline it may step in
    PrimaryKeyConstraint("pool_id", "register_id"),
)

route = Table(
    "route",  # receipts that fit every condition go to the pool; the lowest rank wins
    metadata,
    _key(),
    _owner("seller"),
    _number("rank"),
    _owner("pool"),
    _owner("shop", null=True),
    _text("section", null=True),
    _text("pay_system", null=True),
    _text("place", null=True),  # 1187
    _number("taxations", null=True),  # mask of 1062
)

ofd_account = Table(
    "ofd_account",
    metadata,
    _key(),
    _owner("seller"),
    _text("operator"),  # the client's name
    Column("config", LargeBinary, nullable=False),
    _moment("created_at"),
)

lane = Table(
    "lane",
    metadata,
    Column("register_id", Text, ForeignKey("register.id"), primary_key=True),
    _text("holder", null=True),
    _number("fence", default="0"),
    _moment("lease_until", null=True),
    _text("fn", null=True),  # the drive that this lane last worked with
    _number("last_fd", null=True),  # its last document that the journal accounts for
    _text("block", null=True),  # BlockReason while blocked
    _text("block_message", null=True),
    _moment("blocked_since", null=True),
    _moment("next_check_at"),
    Column("status", LargeBinary, nullable=True),  # the last RegisterStatus, JSON
    _moment("status_at", null=True),
)

receipt = Table(
    "receipt",
    metadata,
    _key(),
    _owner("seller"),
    _owner("shop"),
    _text("external_id"),
    _text("mark"),  # 16 characters, of (shop, external id): the order mark on the document
    _text("digest"),
    Column("content", LargeBinary, nullable=False),
    _text("state"),
    Column("proof", SmallInteger, nullable=False, server_default="0"),
    _text("kind"),
    _number("total"),
    Column("taxation", SmallInteger, nullable=False),
    Column("marked", SmallInteger, nullable=False, server_default="0"),
    _text("pool_id", default=""),  # whose queue it waits in
    _text("section", null=True),  # the shop's own word for a part of itself; routes ask for it
    _text("pay_system", null=True),  # through which it was paid; routes ask for it
    _text("place", null=True),  # 1187; routes ask for it
    _moment("accepted_at"),
    _moment("deadline_at"),
    _moment("expires_at", null=True),
    _moment("ready_at"),  # not to be claimed before
    _moment("next_check_at", null=True),  # never null while there is anything left to do
    Column("tries", Integer, nullable=False, server_default="0"),
    _text("register_id", null=True),
    _text("fn", null=True),
    _number("fd_number", null=True),
    _text("fiscal_sign", null=True),
    _text("error_code", null=True),
    _text("error_text", null=True),
    _moment("updated_at"),
    UniqueConstraint("shop_id", "external_id"),
    UniqueConstraint("mark"),
    Index("ix_receipt_queue", "pool_id", "deadline_at", "id", sqlite_where=text("state = 'queued'"),
          postgresql_where=text("state = 'queued'")),
    Index("ix_receipt_open", "state", "id", sqlite_where=text("state <> 'fiscalised'"),
          postgresql_where=text("state <> 'fiscalised'")),
    Index("ix_receipt_due", "next_check_at", sqlite_where=text("next_check_at IS NOT NULL"),
          postgresql_where=text("next_check_at IS NOT NULL")),
    Index("ix_receipt_shop_id_id", "shop_id", "id"),
    Index("ix_receipt_unproven", "fn", "fd_number", sqlite_where=text("state = 'fiscalised' AND proof < 30"),
          postgresql_where=text("state = 'fiscalised' AND proof < 30")),
)  # fmt: skip

contact = Table(
    "contact",
    metadata,
    Column("receipt_id", Text, ForeignKey("receipt.id"), primary_key=True),
    Column("buyer", LargeBinary, nullable=False),  # JSON of Buyer
    _text("address", null=True),  # 1008, for search
    _text("token"),  # of the buyer's page
    Index(
        "ix_contact_address", "address", "receipt_id"
    ),  # the newest receipts of a buyer, whatever their number
    UniqueConstraint("token"),
)

attempt = Table(
    "attempt",
    metadata,
    _key(),
    _owner("receipt"),
    _text("register_id"),
    Column("number", Integer, nullable=False),
    _text("fn"),
    _number("last_fd"),
    _text("digest"),
    _number("fence"),
    _text("outcome"),  # open | registered | not_sent | blocked | rejected | unknown | absent | verdict
    _text("code", null=True),
    _text("message", null=True),
    _moment("started_at"),
    _moment("finished_at", null=True),
    Index("ix_attempt_receipt_id", "receipt_id"),
    Index("ix_attempt_open", "register_id", sqlite_where=text("outcome IN ('open', 'unknown')"),
          postgresql_where=text("outcome IN ('open', 'unknown')")),
)  # fmt: skip

exchange = Table(
    "exchange",
    metadata,
    _key(),
    _text("register_id"),
    _text("attempt_id", null=True),
    _moment("at"),
    _text("request"),
    _text("answer"),
    Index("ix_exchange_attempt_id", "attempt_id"),
    Index("ix_exchange_register_id_id", "register_id", "id"),
)

event = Table(
    "event",
    metadata,
    _text("journal"),
    _number("seq"),
    _moment("at"),
    _text("kind"),
    _text("subject"),  # the receipt (or register) it speaks of
    Column("body", LargeBinary, nullable=False),  # JSON; personal data only as a keyed hash
    Column("hash", LargeBinary, nullable=False),
    PrimaryKeyConstraint("journal", "seq"),
    Index("ix_event_subject", "subject"),
)

fiscal_document = Table(
    "fiscal_document",
    metadata,
    _text("fn"),
    _number("fd_number"),
    _text("receipt_id", null=True),  # None: shift documents, and documents of another program
    _text("register_id"),
    Column("document", SmallInteger, nullable=False),
    Column("kind", SmallInteger, nullable=False),
    _number("total"),
    _text("fiscal_sign"),
    _text("made_at"),  # the register's local wall clock
    _number("shift_number", null=True),
    _number("receipt_number", null=True),
    _text("registration_number", null=True),
    _text("mark", null=True),
    _text("qr", null=True),
    _moment("seen_at"),
    _text("items_digest", null=True),  # what reconciliation compares; None until it has looked
    _text("vat_digest", null=True),
    _number("facts", null=True),  # all that is compared, as one number; 0: nothing is (see hub/facts)
    PrimaryKeyConstraint("fn", "fd_number"),
    Index("ix_fiscal_document_facts", "fn", "fd_number", "facts", sqlite_where=text("facts IS NOT NULL"),
          postgresql_where=text("facts IS NOT NULL")),
    Index("uq_fiscal_document_receipt_id", "receipt_id", unique=True, sqlite_where=text("receipt_id IS NOT NULL"),
          postgresql_where=text("receipt_id IS NOT NULL")),
    Index("ix_fiscal_document_orphan", "mark", sqlite_where=text("receipt_id IS NULL AND mark IS NOT NULL"),
          postgresql_where=text("receipt_id IS NULL AND mark IS NOT NULL")),
)  # fmt: skip

evidence = Table(
    "evidence",
    metadata,
    _key(),
    _owner("receipt"),
    Column("rung", SmallInteger, nullable=False),
    _text("source"),  # who was asked: register, operator, tax service, a person
    _moment("at"),
    _text("body"),  # what was read, verbatim
    Index("ix_evidence_receipt_id", "receipt_id"),
)

ticket = Table(
    "ticket",
    metadata,
    _text("fn"),
    _number("fd_number"),
    Column("answer", SmallInteger, nullable=False),  # 1022: 0 accepted
    Column("flags", SmallInteger, nullable=False),  # 1206
    _text("operator_inn", null=True),
    _text("operator_sign", null=True),  # 1078, hex
    _text("made_at", null=True),
    _moment("seen_at"),
    PrimaryKeyConstraint("fn", "fd_number"),
)

reading = Table(
    "register_reading",
    metadata,
    _key(),
    _text("register_id"),
    _moment("at"),
    Column("body", LargeBinary, nullable=False),
    Index("ix_register_reading_register_id_id", "register_id", "id"),
)

shift = Table(
    "shift",
    metadata,
    _text("fn"),
    _number("number"),
    _text("register_id"),
    _number("opened_fd", null=True),
    _text("opened_at", null=True),  # register's local wall clock
    _number("closed_fd", null=True),
    _text("closed_at", null=True),
    PrimaryKeyConstraint("fn", "number"),
    Index("ix_shift_register_id", "register_id"),
)

outbox = Table(
    "outbox",
    metadata,
    _key(),
    _text("channel"),  # webhook ...
    _text("shop_id"),
    _text("receipt_id"),
    Column("body", LargeBinary, nullable=False),
    _text("state"),  # waiting | delivered | given_up
    Column("tries", Integer, nullable=False, server_default="0"),
    _moment("created_at"),
    _moment("next_check_at", null=True),
    _moment("delivered_at", null=True),
    _text("error", null=True),
    Index("ix_outbox_due", "next_check_at", sqlite_where=text("state = 'waiting'"),
          postgresql_where=text("state = 'waiting'")),
    Index("ix_outbox_receipt_id", "receipt_id"),
    Index("ix_outbox_given_up", "created_at", sqlite_where=text("state = 'given_up'"),
          postgresql_where=text("state = 'given_up'")),
)  # fmt: skip

audit = Table(
    "audit",
    metadata,
    _key(),
    _moment("at"),
    _text("who"),
    _text("verb"),
    _text("subject"),
    _text("reason"),
    Column("body", LargeBinary, nullable=False),
    Index("ix_audit_subject", "subject"),
)
