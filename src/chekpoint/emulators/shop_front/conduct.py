"""How the site behaves: well, or with one of the troubles that buyers meet before the owner hears of them."""

import msgspec


class Conduct(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """``POST /control/conduct`` sets the fields it names."""

    down: bool = False  # hangs up on everybody
    slow: float = 0.0  # seconds before each answer
    status: int = 200  # of every page
    parked: str = ""  # an address that everything is redirected to: the domain was sold
    blank: bool = False  # the catalogue's template is lost: an empty page, and HTTP 200
    dead_button: bool = False  # «В корзину» does nothing
    no_payment: bool = False  # the payment system's page does not open


class Wish(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Some fields of Conduct; what is None stays as it is."""

    down: bool | None = None
    slow: float | None = None
    status: int | None = None
    parked: str | None = None
    blank: bool | None = None
    dead_button: bool | None = None
    no_payment: bool | None = None

    def onto(self, conduct: Conduct) -> None:
        """Change what is wished for; ValueError for what no site does."""
        if self.slow is not None and not 0 <= self.slow <= 600:
            raise ValueError("slow: 0..600 секунд / seconds")
        if self.status is not None and not 200 <= self.status <= 599:
            raise ValueError("status: 200..599")
        for name in self.__struct_fields__:
            if (value := getattr(self, name)) is not None:
                setattr(conduct, name, value)
