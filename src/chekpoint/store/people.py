"""Sellers, shops, API keys, registers, users: what is set up rather than what happens."""

import hashlib
from typing import Any, Final, NamedTuple

from sqlalchemy import bindparam, delete, insert, select, update

from chekpoint.store.journal import Tx
from chekpoint.store.pools import DEFAULT_NAME, add_pool, join
from chekpoint.store.sql import Query
from chekpoint.store.tables import api_key, audit, lane, meta, ofd_account, register, seller, shop, user


def _insert(table: Any, *names: str) -> Query:
    return Query(insert(table).values({n: bindparam(n) for n in names}))


class Shop(NamedTuple):
    """A shop as intake needs it."""

    id: str
    seller_id: str
    name: str
    kind: str
    site: str | None
    deadline_seconds: int
    expire_seconds: int | None
    webhook_url: str | None
    webhook_secret: str | None
    settings: bytes = b"{}"  # JSON: the form of its door, and its rules


class Seller(NamedTuple):
    """A legal entity."""

    id: str
    inn: str
    name: str


_SELLER: Final = _insert(seller, "id", "inn", "name", "created_at")
_SHOP: Final = _insert(
    shop, "id", "seller_id", "name", "kind", "site", "webhook_url", "webhook_secret", "deadline_seconds",
    "expire_seconds", "settings", "created_at",
)  # fmt: skip
_KEY: Final = _insert(api_key, "id", "shop_id", "hash", "hint", "created_at")
_REGISTER: Final = _insert(register, "id", "seller_id", "name", "maker", "config", "enabled", "created_at")
_LANE: Final = _insert(lane, "register_id", "fence", "next_check_at")
_ACCOUNT: Final = _insert(ofd_account, "id", "seller_id", "operator", "config", "created_at")
_USER: Final = _insert(user, "id", "login", "password_hash", "created_at")
_AUDIT: Final = _insert(audit, "id", "at", "who", "verb", "subject", "reason", "body")
_META: Final = _insert(meta, "name", "value")
_META_GET: Final = Query(select(meta.c.value).where(meta.c.name == bindparam("which")))
_META_SET: Final = Query(update(meta).where(meta.c.name == bindparam("which")).values(value=bindparam("new")))
_META_DROP: Final = Query(delete(meta).where(meta.c.name == bindparam("which")))
_META_LIKE: Final = Query(
    select(meta.c.name)
    .where(meta.c.name >= bindparam("first"), meta.c.name < bindparam("last"))
    .order_by(meta.c.name)
)
_SELLERS: Final = Query(select(seller.c.id, seller.c.inn, seller.c.name).order_by(seller.c.id))
_SHOPS: Final = Query(
    select(
        shop.c.id, shop.c.seller_id, shop.c.name, shop.c.kind, shop.c.site, shop.c.deadline_seconds,
        shop.c.expire_seconds, shop.c.webhook_url, shop.c.webhook_secret, shop.c.settings,
    ).order_by(shop.c.id)
)  # fmt: skip
_BY_KEY: Final = Query(
    select(api_key.c.shop_id).where(api_key.c.hash == bindparam("hash"), api_key.c.revoked_at.is_(None))
)
_REVOKE: Final = Query(
    update(api_key)
    .where(api_key.c.id == bindparam("key"), api_key.c.revoked_at.is_(None))
    .values(revoked_at=bindparam("at"))
)
_USERS: Final = Query(
    select(user.c.id, user.c.login, user.c.password_hash).where(user.c.login == bindparam("name"))
)
_ACCOUNTS: Final = Query(
    select(ofd_account.c.id, ofd_account.c.seller_id, ofd_account.c.operator, ofd_account.c.config)
)


def key_hash(key: str) -> str:
    """API keys are 256 random bits: a plain SHA-256 leaves nothing to guess, and costs a microsecond."""
    return hashlib.sha256(key.encode()).hexdigest()


def add_seller(tx: Tx, key: str, inn: str, name: str) -> None:
    """A new legal entity; StoreError when the INN is there already."""
    tx.run(_SELLER, id=key, inn=inn, name=name, created_at=tx.now)
    tx.event("seller_added", key, inn=inn)
    add_pool(tx, key, key, DEFAULT_NAME)


def add_shop(tx: Tx, made: Shop) -> None:
    """A new shop."""
    tx.run(_SHOP, **made._asdict(), created_at=tx.now)
    tx.event("shop_added", made.id, name=made.name)


def add_key(tx: Tx, key_id: str, shop_id: str, secret: str) -> None:
    """A new API key; only its hash is kept."""
    tx.run(_KEY, id=key_id, shop_id=shop_id, hash=key_hash(secret), hint=secret[:8], created_at=tx.now)
    tx.event("key_added", shop_id, key=key_id)


def revoke_key(tx: Tx, key_id: str) -> bool:
    """The key opens nothing any more; False when it is unknown or revoked."""
    done = tx.run(_REVOKE, key=key_id, at=tx.now) == 1
    if done:
        tx.event("key_revoked", key_id)
    return done


def add_register(tx: Tx, key: str, seller_id: str, name: str, *, maker: str, config: bytes) -> None:
    """A new register, with its lane, in the seller's default pool."""
    tx.run(
        _REGISTER,
        id=key,
        seller_id=seller_id,
        name=name,
        maker=maker,
        config=config,
        enabled=1,
        created_at=tx.now,
    )
    tx.run(_LANE, register_id=key, fence=0, next_check_at=tx.now)
    tx.event("register_added", key, name=name, maker=maker)
    join(tx, seller_id, key)


def add_account(tx: Tx, key: str, seller_id: str, operator: str, config: bytes) -> None:
    """Access to a seller's account at an operator."""
    tx.run(_ACCOUNT, id=key, seller_id=seller_id, operator=operator, config=config, created_at=tx.now)
    tx.event("account_added", key, operator=operator)


def add_user(tx: Tx, key: str, login: str, password_hash: str) -> None:
    """A person who may sign in."""
    tx.run(_USER, id=key, login=login, password_hash=password_hash, created_at=tx.now)
    tx.event("user_added", key)


_PASSWORD: Final = Query(
    update(user).where(user.c.login == bindparam("name")).values(password_hash=bindparam("new_hash"))
)


def set_password(tx: Tx, key: str, login: str, password_hash: str) -> None:
    """Change a person's password; make the person when there is none."""
    if tx.run(_PASSWORD, name=login, new_hash=password_hash):
        tx.event("password_changed", login)
    else:
        add_user(tx, key, login, password_hash)


def note_deed(
    tx: Tx, key: str, *, who: str, verb: str, subject: str, reason: str, body: bytes = b"{}"
) -> None:
    """Audit: who did what to what, and why."""
    tx.run(_AUDIT, id=key, at=tx.now, who=who, verb=verb, subject=subject, reason=reason, body=body)
    tx.event("deed", subject, verb=verb, audit=key)


def setting(tx: Tx, name: str) -> str | None:
    """A value of the database's own (table ``meta``)."""
    row = tx.one(_META_GET, which=name)
    return None if row is None else str(row[0])


def settings(tx: Tx, prefix: str) -> list[str]:
    """The names of values that begin so, in order."""
    return [row[0] for row in tx.all(_META_LIKE, first=prefix, last=prefix + "\U0010ffff")]


def drop_setting(tx: Tx, name: str) -> None:
    """Forget a value of the database's own."""
    tx.run(_META_DROP, which=name)


def set_setting(tx: Tx, name: str, value: str) -> None:
    """Set a value of the database's own."""
    if not tx.run(_META_SET, which=name, new=value):
        tx.run(_META, name=name, value=value)


def sellers(tx: Tx) -> list[Seller]:
    """All sellers."""
    return [Seller(*row) for row in tx.all(_SELLERS)]


def shops(tx: Tx) -> list[Shop]:
    """All shops."""
    return [Shop(*row) for row in tx.all(_SHOPS)]


_SETTINGS: Final = Query(
    update(shop).where(shop.c.id == bindparam("which")).values(settings=bindparam("new_settings"))
)


def configure_shop(tx: Tx, shop_id: str, settings: bytes) -> None:
    """New settings of a shop (JSON); the caller writes the audit row."""
    tx.run(_SETTINGS, which=shop_id, new_settings=settings)
    tx.event("shop_configured", shop_id)


_CARD: Final = Query(
    update(shop)
    .where(shop.c.id == bindparam("which"))
    .values(
        site=bindparam("new_site"), deadline_seconds=bindparam("new_deadline"), webhook_url=bindparam("new_url"),
        webhook_secret=bindparam("new_secret"),
    )
)  # fmt: skip


def set_card(tx: Tx, changed: Shop) -> None:
    """The site, deadline and webhook of a shop; the caller writes the audit row."""
    tx.run(
        _CARD, which=changed.id, new_site=changed.site, new_deadline=changed.deadline_seconds,
        new_url=changed.webhook_url, new_secret=changed.webhook_secret,
    )  # fmt: skip
    tx.event("shop_configured", changed.id)


def shop_of_key(tx: Tx, secret: str) -> str | None:
    """The shop that a key opens, if any."""
    row = tx.one(_BY_KEY, hash=key_hash(secret))
    return None if row is None else str(row[0])


class Key(NamedTuple):
    """An API key, without its secret. Times are milliseconds UTC."""

    id: str
    hint: str
    created_at: int
    revoked_at: int | None


_KEYS: Final = Query(
    select(api_key.c.id, api_key.c.hint, api_key.c.created_at, api_key.c.revoked_at)
    .where(api_key.c.shop_id == bindparam("shop"))
    .order_by(api_key.c.id)
)


def keys(tx: Tx, shop_id: str) -> list[Key]:
    """The API keys of a shop, revoked ones too."""
    return [Key(*row) for row in tx.all(_KEYS, shop=shop_id)]


def user_named(tx: Tx, login: str) -> Any:
    """(id, login, password hash) or None."""
    return tx.one(_USERS, name=login)


def accounts(tx: Tx) -> list[Any]:
    """(id, seller_id, operator, config) of every account."""
    return list(tx.all(_ACCOUNTS))


_CONFIGURE: Final = Query(
    update(ofd_account).where(ofd_account.c.id == bindparam("account")).values(config=bindparam("new_config"))
)


def configure_account(tx: Tx, account_id: str, config: bytes) -> None:
    """New settings of an operator's account."""
    tx.run(_CONFIGURE, account=account_id, new_config=config)
    tx.event("account_configured", account_id)
