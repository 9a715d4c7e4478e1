"""The words of incidents at the tax service, in Russian and English."""

from chekpoint.store.incidents import Words


def sign_wrong(fn: str, fd: int, code: int, said: str) -> Words:
    """CheckTicket said that the fiscal sign does not fit the document."""
    tail = f"{said}, код {code}"
    return Words(
        "critical",
        f"Налоговая не подтвердила фискальный признак документа ФД {fd} (ФН {fn}): {tail}. Сверьте сумму, время и признак с чеком и с ОФД; если они верны, обратитесь в сервис: ФН может быть неисправен.",
        f"The tax service did not confirm the fiscal sign of document FD {fd} (FN {fn}): {said}, code {code}. Compare sum, time and sign with the receipt and the operator; if they are right, call the service: the drive may be faulty.",
    )


def absent(fn: str, fd: int, days: float) -> Words:
    """The operator has it, the sign is right, and the store of the tax service does not show it."""
    return Words(
        "warning",
        f"Документ ФД {fd} (ФН {fn}) принят оператором, но за {days:g} дн. так и не появился в хранилище налоговой. Спросите ОФД, когда он его передал.",
        f"Document FD {fd} (FN {fn}) was taken by the operator, but for {days:g} days it has not appeared in the store of the tax service. Ask the operator when it was handed on.",
    )


def silent(why: str) -> Words:
    """The service does not answer us, or does not let us in."""
    return Words(
        "warning",
        f"Налоговая не отвечает на вопросы о чеках: {why}. Чеки регистрируются и передаются как обычно, но последняя ступень ими не доказывается: проверьте доступ к открытому API.",
        f"The tax service does not answer questions about receipts: {why}. Receipts are registered and handed on as ever, but the last rung is not proven: check the access to the open API.",
    )
