"""The driver of one emulated register: it carries out JSON tasks in the order in which the real one does."""

from collections.abc import Awaitable, Callable
from typing import Any, Final

from chekpoint.emulators.atol_web import results
from chekpoint.emulators.atol_web.codes import RECEIPT_TASKS, Code, DriverError
from chekpoint.emulators.atol_web.device_errors import PAPER, speaking_driver
from chekpoint.emulators.atol_web.document_tlv import document_tlv
from chekpoint.emulators.atol_web.marking import MarkChecks
from chekpoint.emulators.atol_web.receipt_task import read_cashier, read_receipt, settle
from chekpoint.emulators.atol_web.shape import Fields, bad_value
from chekpoint.emulators.drive_errors import DeviceError
from chekpoint.emulators.drive_flags import flags_of
from chekpoint.emulators.fiscal_drive import OFD_PATIENCE, ArchivedDocument, ShiftState
from chekpoint.emulators.register import EmulatedRegister
from chekpoint.fiscal.ffd import Ffd
from chekpoint.fiscal.receipt import Receipt, Taxation

Answer = dict[str, Any] | None
_NO_DEFAULT_TAXATION: Final = Taxation.OSN


class RegisterDriver:
    """Tasks in, results out; every failure is a DriverError with the driver's code."""

    def __init__(self, register: EmulatedRegister, *, shift_seconds: float = 0.0) -> None:
        self.register = register
        self.marks = MarkChecks()
        self.shift_seconds = (
            shift_seconds  # opening a shift on FFD 1.2 updates keys: 20..30 s on real devices
        )
        self._tasks: dict[str, Callable[[Fields], Awaitable[Answer]]] = {
            **dict.fromkeys(RECEIPT_TASKS, self._receipt),
            "openShift": self._open_shift,
            "closeShift": self._close_shift,
            "reportOfdExchangeStatus": self._report_exchange,
            "closeArchive": self._close_archive,
            "registration": self._denied,
            "fnChange": self._denied,
            "changeRegistrationParameters": self._denied,
            "cashIn": self._cash_in,
            "cashOut": self._cash_out,
            "reportX": self._print_only,
            "nonFiscal": self._non_fiscal,
            "printLastReceiptCopy": self._print_only,
            "continuePrint": self._continue_print,
            "openCashDrawer": self._open_drawer,
            "getFnDocument": self._fn_document,
            "getLastFiscalParams": self._last_params,
        }
        self._questions: dict[str, Callable[[Fields], Answer]] = {
            "getDeviceInfo": lambda _: self.device_info(),
            "getDeviceStatus": lambda _: self.device_status(),
            "getShiftStatus": lambda _: self.shift_status(),
            "getFnInfo": lambda _: self.fn_info(),
            "getFnStatus": lambda _: self.fn_status(),
            "getRegistrationInfo": lambda _: self.registration_info(),
            "ofdExchangeStatus": lambda _: self.exchange(),
            "getCashDrawerStatus": lambda _: self.cash_drawer(),
            "getLicenses": lambda _: self.licenses(),
            "beginMarkingCodeValidation": self.marks.begin,
            "getMarkingCodeValidationStatus": self.marks.status,
            "acceptMarkingCode": self.marks.accept,
            "declineMarkingCode": self.marks.drop,
            "cancelMarkingCodeValidation": self.marks.drop,
            "clearMarkingCodeValidationResult": self.marks.clear,
            "checkMarkingCodeValidationsReady": self.marks.all_ready,
        }

    # -- what the engine asks ------------------------------------------------------------------------------------------

    def validate(self, task: dict[str, Any]) -> None:
        """Look at the shape only; raises DriverError 501."""
        fields = Fields(task)
        kind = fields.text("type")
        if kind not in self._tasks and kind not in self._questions:
            bad_value("type", kind)
        if kind in RECEIPT_TASKS:
            self._read(fields)
        elif kind in {"openShift", "closeShift", "reportX", "reportOfdExchangeStatus"}:
            read_cashier(fields)
        elif kind in {"cashIn", "cashOut"}:
            fields.kopecks("cashSum")
        elif kind == "getFnDocument":
            fields.integer("fiscalDocumentNumber", 1, 0xFFFFFFFF)

    async def run(self, task: dict[str, Any]) -> Answer:
        """Carry out one task. Its first act is to cancel an open receipt, so a half-entered one never survives.

        (The emulated register enters and closes a receipt in one step, so there is never one to cancel.)
        """
        self.validate(task)
        fields = Fields(task)
        kind = fields.text("type")
        with speaking_driver():
            if kind in self._questions:
                self.register.check_reachable()
                return self._questions[kind](fields)
            return await self._tasks[kind](fields)

    async def last_fd(self) -> int:
        """The number of the last document on the drive."""
        with speaking_driver():
            return self.register.state().last_fd

    async def continue_print(self, *, ask_printer: bool = False) -> None:
        """Print what is left of the last document; ``ask_printer`` complains of paper and cover in any case."""
        with speaking_driver():
            self.register.check_reachable()
            if ask_printer or self.register.unprinted is not None:
                await self.register.continue_print()

    async def last_fiscal_params(self, *, for_receipt: bool) -> dict[str, Any]:
        """The result of the last receipt, or of the last document of any kind."""
        with speaking_driver():
            number = self.register.state().last_fd
            while number > 0:
                document = self.register.read_document(number)
                if document.kind or not for_receipt:
                    return self._params(document)
                number -= 1
        raise DriverError(Code.FN_NO_DATA)

    # -- receipts ------------------------------------------------------------------------------------------------------

    def _read(self, fields: Fields) -> Receipt:
        registration = self.register.drive.state.registration
        mask = registration.taxations if registration else 0
        default = next((t for t in Taxation if t.bit & mask), _NO_DEFAULT_TAXATION)
        ffd = Ffd(registration.ffd) if registration else Ffd.V1_05
        return read_receipt(fields, ffd=ffd, default_taxation=default)

    async def _receipt(self, fields: Fields) -> Answer:
        """Validate, open (the shift too), enter, check the sums, pay, close: in this order."""
        receipt = self._read(fields)
        await self._open_receipt(receipt)
        if fields.flag("validateMarkingCodes"):
            receipt = self.marks.check(receipt)
        receipt = settle(receipt)
        before = self.register.drive.last_fd
        try:
            document = await self.register.register_receipt(receipt)
            self.register.check_reachable()
        except DeviceError as error:
            return self._closed_anyway(before, error)
        return self._params(document)

    async def _open_receipt(self, receipt: Receipt) -> None:
        """A receipt opens a closed shift by itself and is refused by an expired one (68)."""
        state = self.register.state()
        if state.shift == ShiftState.EXPIRED:
            raise DriverError(Code.SHIFT_OVER_24H)
        if state.shift != ShiftState.CLOSED:
            return
        if receipt.paper and not (state.paper and not state.cover_open):
            raise DriverError(Code.COVER_OPEN if state.cover_open else Code.PAPER_OUT)
        await self._slow_shift()
        drive = self.register.drive
        if drive.shift_state(self.register.local_now()) is ShiftState.CLOSED:
            drive.open_shift(self.register.local_now(), receipt.cashier)
            self.register.exchange.wake()

    def _closed_anyway(self, before: int, error: DeviceError) -> Answer:
        """``checkDocumentClosed`` after a failed close: a signed document is a success, printed or not."""
        self.register.check_reachable()
        last = self.register.drive.last_fd
        if last <= before:
            raise error
        document = self.register.read_document(last)
        return self._params(document, not_printed=error.code in PAPER or self.register.unprinted is not None)

    # -- shifts and reports --------------------------------------------------------------------------------------------

    async def _open_shift(self, fields: Fields) -> Answer:
        await self._slow_shift()
        return await self._report(lambda: self.register.open_shift(read_cashier(fields)))

    async def _close_shift(self, fields: Fields) -> Answer:
        return await self._report(lambda: self.register.close_shift(read_cashier(fields)))

    async def _close_archive(self, _fields: Fields) -> Answer:
        return await self._report(self.register.close_archive)

    async def _report_exchange(self, _fields: Fields) -> Answer:
        result = await self._report(self.register.report_exchange)
        return {**(result or {}), **(self.exchange() or {})}

    async def _report(self, make: Callable[[], Awaitable[ArchivedDocument]]) -> Answer:
        before = self.register.drive.last_fd
        try:
            document = await make()
            self.register.check_reachable()
        except DeviceError as error:
            return self._closed_anyway(before, error)
        return self._params(document)

    async def _slow_shift(self) -> None:
        if self.shift_seconds:
            await self.register.clock.sleep(self.shift_seconds)

    async def _denied(self, fields: Fields) -> Answer:
        """A test double is registered by whoever starts it, not through its face."""
        raise DriverError(Code.DENIED, f"Запрещено настройками: {fields.text('type')} (тестовый двойник)")

    # -- money, paper, drawer ------------------------------------------------------------------------------------------

    async def _cash_in(self, fields: Fields) -> Answer:
        return _counters(await self.register.cash_in(fields.kopecks("cashSum")))

    async def _cash_out(self, fields: Fields) -> Answer:
        return _counters(await self.register.cash_out(fields.kopecks("cashSum")))

    async def _print_only(self, _fields: Fields) -> Answer:
        await self.register.print_text()
        return None

    async def _non_fiscal(self, fields: Fields) -> Answer:
        fields.array("items")
        return await self._print_only(fields)

    async def _continue_print(self, _fields: Fields) -> Answer:
        await self.continue_print()
        return None

    async def _open_drawer(self, _fields: Fields) -> Answer:
        self.register.check_reachable()
        self.register.drawer_open = True
        return None

    # -- reading -------------------------------------------------------------------------------------------------------

    async def _fn_document(self, fields: Fields) -> Answer:
        """Document N as the drive keeps it: how to find out what really was registered."""
        document = self.register.read_document(fields.integer("fiscalDocumentNumber", 1, 0xFFFFFFFF))
        result: dict[str, Any] = {"documentTLV": document_tlv(document, self.register.zone)}
        if fields.flag("withRawData"):
            result["rawData"] = document.tlv.hex().upper()
        return result

    async def _last_params(self, fields: Fields) -> Answer:
        return await self.last_fiscal_params(for_receipt=fields.flag("forReceipt"))

    def device_info(self) -> Answer:
        """``getDeviceInfo``."""
        return results.device_info(self.register.state())

    def device_status(self) -> Answer:
        """``getDeviceStatus``."""
        return results.device_status(self.register.state(), self.register.zone)

    def shift_status(self) -> Answer:
        """``getShiftStatus``."""
        documents = self.register.drive.shift_totals.documents
        return results.shift_status(self.register.state(), self.register.zone, documents)

    def fn_info(self) -> Answer:
        """``getFnInfo``."""
        return results.fn_info(self.register.state(), self.register.zone, self._warnings())

    def fn_status(self) -> Answer:
        """``getFnStatus``."""
        return results.fn_status(self.register.state(), self._warnings())

    def registration_info(self) -> Answer:
        """``getRegistrationInfo``."""
        return results.registration_info(self.register.drive.registration)

    def exchange(self) -> dict[str, Any]:
        """``ofdExchangeStatus``; newer devices also say that there is nothing to send."""
        status, zone = self.register.exchange_status(), self.register.zone
        result: dict[str, Any] = {
            "status": results.exchange_status(status, zone),
            "errors": results.exchange_errors(status, zone),
        }
        if not status.unsent_count:
            result["warnings"] = {"dataForSendIsEmpty": True}
        return result

    def cash_drawer(self) -> Answer:
        """``getCashDrawerStatus``."""
        state = self.register.state()
        return {**_counters(state.cash), "cashDrawerStatus": {"cashDrawerOpened": state.drawer_open}}

    def licenses(self) -> Answer:
        """``getLicenses``: a test double needs none."""
        return {"licenses": [{"id": 1, "name": self.register.state().face}]}

    def _warnings(self) -> dict[str, bool]:
        up = flags_of(self.register.drive, self.register.local_now(), full=0.99, patience=OFD_PATIENCE)
        return results.fn_warnings(up)

    def _params(self, document: ArchivedDocument, *, not_printed: bool = False) -> dict[str, Any]:
        params = results.fiscal_params(document, self.register.drive.registration, self.register.zone)
        return {"fiscalParams": params, **({"warnings": {"notPrinted": True}} if not_printed else {})}


def _counters(kopecks: int) -> dict[str, Any]:
    return {"counters": {"cashSum": kopecks / 100}}
