"""The receipt (чек): what a shop wants registered. One model for the API, the journal and the registers.

Names follow the field; the number in each comment is the FFD tag. Sums are integer kopecks, quantity is
a Decimal. The model checks shape only; the law is in ``rules``.
"""

from decimal import Decimal
from enum import StrEnum
from typing import Final

import msgspec

from chekpoint.fiscal.vat import VatRate


class Kind(StrEnum):
    """Признак расчета, tag 1054."""

    SALE = "sale"
    SALE_RETURN = "sale_return"
    PURCHASE = "purchase"
    PURCHASE_RETURN = "purchase_return"

    @property
    def code(self) -> int:
        """The value of tag 1054, 1..4."""
        return _KIND_CODES[self]


_KIND_CODES: Final = {kind: code for code, kind in enumerate(Kind, 1)}


class Taxation(StrEnum):
    """Применяемая система налогообложения, tag 1055: exactly one bit."""

    OSN = "osn"
    USN_INCOME = "usn_income"
    USN_INCOME_OUTCOME = "usn_income_outcome"
    ENVD = "envd"
    ESN = "esn"
    PATENT = "patent"

    @property
    def bit(self) -> int:
        """The mask of tags 1055 and 1062: 1, 2, 4, 8, 16 or 32."""
        return _TAXATION_BITS[self]


_TAXATION_BITS: Final = {taxation: 1 << place for place, taxation in enumerate(Taxation)}


class SettlementMethod(StrEnum):
    """Признак способа расчета, tag 1214."""

    FULL_PREPAYMENT = "full_prepayment"
    PREPAYMENT = "prepayment"
    ADVANCE = "advance"
    FULL_PAYMENT = "full_payment"
    PARTIAL_PAYMENT = "partial_payment"
    CREDIT = "credit"
    CREDIT_PAYMENT = "credit_payment"

    @property
    def code(self) -> int:
        """The value of tag 1214, 1..7."""
        return _METHOD_CODES[self]


_METHOD_CODES: Final = {method: code for code, method in enumerate(SettlementMethod, 1)}


class SettlementObject(StrEnum):
    """Признак предмета расчета, tag 1212."""

    COMMODITY = "commodity"
    EXCISE = "excise"
    JOB = "job"
    SERVICE = "service"
    GAMBLING_BET = "gambling_bet"
    GAMBLING_PRIZE = "gambling_prize"
    LOTTERY = "lottery"
    LOTTERY_PRIZE = "lottery_prize"
    INTELLECTUAL_ACTIVITY = "intellectual_activity"
    PAYMENT = "payment"
    AGENT_COMMISSION = "agent_commission"
    PAYOUT = "payout"
    ANOTHER = "another"
    PROPERTY_RIGHT = "property_right"
    NON_OPERATING_GAIN = "non_operating_gain"
    INSURANCE_PREMIUM = "insurance_premium"
    SALES_TAX = "sales_tax"
    RESORT_FEE = "resort_fee"
    DEPOSIT = "deposit"
    EXPENSE = "expense"
    PENSION_INSURANCE_IP = "pension_insurance_ip"
    PENSION_INSURANCE = "pension_insurance"
    MEDICAL_INSURANCE_IP = "medical_insurance_ip"
    MEDICAL_INSURANCE = "medical_insurance"
    SOCIAL_INSURANCE = "social_insurance"
    CASINO_PAYMENT = "casino_payment"
    CASH_PAYOUT = "cash_payout"
    EXCISE_UNMARKED = "excise_unmarked"
    EXCISE_MARKED = "excise_marked"
    COMMODITY_UNMARKED = "commodity_unmarked"
    COMMODITY_MARKED = "commodity_marked"

    @property
    def code(self) -> int:
        """The value of tag 1212: 1..27, 30..33 (28 and 29 do not exist; 30..33 are FFD 1.2 only)."""
        return _OBJECT_CODES[self]


_OBJECT_CODES: Final[dict[SettlementObject, int]] = dict(
    zip(SettlementObject, (*range(1, 28), *range(30, 34)), strict=True)
)


class PaymentForm(StrEnum):
    """How money moved: tags 1031, 1081, 1215, 1216, 1217."""

    CASH = "cash"
    ELECTRONIC = "electronic"
    PREPAID = "prepaid"
    CREDIT = "credit"
    OTHER = "other"

    @property
    def tag(self) -> int:
        """The tag that holds the sum of this form."""
        return _PAYMENT_TAGS[self]


_PAYMENT_TAGS: Final = dict(zip(PaymentForm, (1031, 1081, 1215, 1216, 1217), strict=True))


class AgentSign(StrEnum):
    """Признак агента, tags 1057 (receipt) and 1222 (item): one bit each."""

    BANK_PAYING_AGENT = "bank_paying_agent"
    BANK_PAYING_SUBAGENT = "bank_paying_subagent"
    PAYING_AGENT = "paying_agent"
    PAYING_SUBAGENT = "paying_subagent"
    ATTORNEY = "attorney"
    COMMISSION_AGENT = "commission_agent"
    ANOTHER = "another"

    @property
    def bit(self) -> int:
        """The mask of tags 1057 and 1222: 1, 2, 4 ... 64."""
        return _AGENT_BITS[self]


_AGENT_BITS: Final = {sign: 1 << place for place, sign in enumerate(AgentSign)}


class ProductCodeKind(StrEnum):
    """Which member of tag 1163 (код товара) a code goes to; FFD 1.2."""

    UNDEFINED = "undefined"
    EAN8 = "ean8"
    EAN13 = "ean13"
    ITF14 = "itf14"
    GS10 = "gs10"
    GS1M = "gs1m"
    SHORT = "short"
    FUR = "fur"
    EGAIS20 = "egais20"
    EGAIS30 = "egais30"
    F1 = "f1"
    F2 = "f2"
    F3 = "f3"
    F4 = "f4"
    F5 = "f5"
    F6 = "f6"

    @property
    def tag(self) -> int:
        """1300..1309 for the classic kinds, 1320..1325 for F.1..F.6."""
        return _PRODUCT_TAGS[self]


_PRODUCT_TAGS: Final[dict[ProductCodeKind, int]] = dict(
    zip(ProductCodeKind, (*range(1300, 1310), *range(1320, 1326)), strict=True)
)


class Model(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """Base of every part of a receipt: immutable, and a mistyped field name is an error, never silence."""


class Agent(Model, frozen=True, kw_only=True):
    """Данные агента: 1222 on an item or 1057 on the receipt, with 1223."""

    sign: AgentSign
    operation: str | None = None  # 1044
    agent_phones: tuple[str, ...] = ()  # 1073
    operator_phones: tuple[str, ...] = ()  # 1074
    transfer_phones: tuple[str, ...] = ()  # 1075
    transfer_name: str | None = None  # 1026
    transfer_address: str | None = None  # 1005
    transfer_inn: str | None = None  # 1016


class Supplier(Model, frozen=True, kw_only=True):
    """Данные поставщика: 1226 and 1224{1225, 1171}."""

    inn: str | None = None  # 1226
    name: str | None = None  # 1225
    phones: tuple[str, ...] = ()  # 1171


class IndustryDetail(Model, frozen=True, kw_only=True):
    """Отраслевой реквизит: 1260 on an item, 1261 on the receipt; FFD 1.2."""

    authority: str  # 1262, идентификатор ФОИВ
    date: str  # 1263, dd.mm.yyyy
    number: str  # 1264
    value: str  # 1265


class ProductCode(Model, frozen=True, kw_only=True):
    """Код товара, tag 1163, without the crypto tail."""

    kind: ProductCodeKind
    value: str


class Fraction(Model, frozen=True, kw_only=True):
    """Дробное количество маркированного товара, tag 1291."""

    numerator: int  # 1293
    denominator: int  # 1294


class Item(Model, frozen=True, kw_only=True):
    """Предмет расчета, tag 1059. ``price`` is per unit after discounts; ``sum`` is price x quantity."""

    name: str  # 1030
    price: int  # 1079, kopecks
    quantity: Decimal  # 1023
    sum: int  # 1043, kopecks
    vat: VatRate  # 1199
    vat_sum: int | None = None  # 1200, kopecks; computed when absent
    method: SettlementMethod = SettlementMethod.FULL_PAYMENT  # 1214
    object: SettlementObject = SettlementObject.COMMODITY  # 1212
    unit: int = 0  # 2108 (FFD 1.2): 0 piece, 10 gram, 11 kilogram ... 255 other
    unit_name: str | None = None  # 1197 (FFD < 1.2)
    agent: Agent | None = None
    supplier: Supplier | None = None
    product_codes: tuple[ProductCode, ...] = ()  # 1163
    nomenclature: str | None = None  # 1162 as hex (FFD < 1.2)
    mark_code: str | None = None  # 2000: the code as scanned; for marked goods
    mark_check: int | None = None  # 2106
    fraction: Fraction | None = None  # 1291
    industry: tuple[IndustryDetail, ...] = ()  # 1260
    excise: int | None = None  # 1229, kopecks
    country: str | None = None  # 1230, three digits
    declaration: str | None = None  # 1231
    note: str | None = None  # 1191


class Payment(Model, frozen=True, kw_only=True):
    """One payment. Several of one form add up: two card payments in one order must simply work."""

    form: PaymentForm
    sum: int  # kopecks


class Buyer(Model, frozen=True, kw_only=True):
    """Покупатель. ``contact`` is +phone or e-mail: the electronic receipt goes there (54-FZ art. 1.2 p. 5)."""

    contact: str | None = None  # 1008
    name: str | None = None  # 1227
    inn: str | None = None  # 1228


class Cashier(Model, frozen=True, kw_only=True):
    """Кассир; not needed on a register without one."""

    name: str  # 1021
    inn: str | None = None  # 1203


class UserProperty(Model, frozen=True, kw_only=True):
    """Дополнительный реквизит пользователя, tag 1084."""

    name: str  # 1085
    value: str  # 1086


class CorrectionBy(StrEnum):
    """Тип коррекции, tag 1173."""

    SELF = "self"
    INSTRUCTION = "instruction"


class Correction(Model, frozen=True, kw_only=True):
    """Makes the receipt a correction receipt (document 31): tags 1173 and 1174."""

    by: CorrectionBy  # 1173
    date: str  # 1178, YYYY-MM-DD: the day of the settlement that is being corrected
    number: str | None = None  # 1179: the tax office's order, with ``instruction``
    name: str | None = None  # 1177, FFD 1.05 only


class Receipt(Model, frozen=True, kw_only=True):
    """What a shop wants registered. ``total`` is the sum of the items unless given (it may be below by < 1 rouble)."""

    kind: Kind  # 1054
    taxation: Taxation  # 1055
    items: tuple[Item, ...] = ()  # 1059
    payments: tuple[Payment, ...]
    total: int | None = None  # 1020, kopecks
    buyer: Buyer = Buyer()
    internet: bool = True  # 1125
    place: str | None = None  # 1187: the site's address for an internet settlement
    address: str | None = None  # 1009
    seller_inn: str | None = None  # 1018: which seller, when the shop sells for several
    seller_email: str | None = None  # 1117
    cashier: Cashier | None = None
    agent: Agent | None = None  # 1057 (FFD 1.05)
    industry: tuple[IndustryDetail, ...] = ()  # 1261
    user_property: UserProperty | None = None  # 1084
    note: str | None = None  # 1192, at most 16 characters
    machine_number: str | None = None  # 1036
    paper: bool = False  # print it too; an internet receipt needs no paper
    correction: Correction | None = None

    @property
    def amount(self) -> int:
        """Tag 1020 in kopecks: ``total`` when given, else the sum of the items (of the payments if none)."""
        if self.total is not None:
            return self.total
        return sum(i.sum for i in self.items) if self.items else sum(p.sum for p in self.payments)

    def paid(self, form: PaymentForm) -> int:
        """All payments of one form added up, kopecks."""
        return sum(p.sum for p in self.payments if p.form is form)

    @property
    def marked(self) -> bool:
        """Does any item carry a marking code? Then only an FFD 1.2 register may take it."""
        return any(i.mark_code or i.mark_check is not None for i in self.items)
