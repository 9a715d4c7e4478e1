"""The incident of a register whose documents do not agree with the other side's: open while one is unanswered."""

from collections.abc import Callable, Iterable
from typing import Final

from chekpoint.hub.mismatch_words import NAMES, plural
from chekpoint.store import incidents, mismatches, views_registers
from chekpoint.store.incidents import Words
from chekpoint.store.journal import Tx

KIND: Final = "reconciliation_gap"
TOLD_OTHERWISE: Final = frozenset({"unsent", "foreign", "lost_answer"})
"""These have incidents of their own: unproven, foreign_document, in_doubt."""


def refresh(tx: Tx, register_id: str, key: Callable[[], str]) -> None:
    """Open, reword or close the incident of a register by what is open and unresolved now."""
    found = [one for one in mismatches.unresolved(tx, register_id) if one.kind not in TOLD_OTHERWISE]
    told = incidents.standing(tx, KIND, register_id)
    if not found:
        if told is not None:
            incidents.close(tx, KIND, register_id)
        return
    words = _words(views_registers.names(tx).get(register_id, register_id), found)
    if told is None:
        incidents.open_incident(tx, KIND, register_id, words, key=key())
    elif told != words:
        incidents.reword(tx, KIND, register_id, words)


def _words(register: str, found: Iterable[mismatches.Tally]) -> Words:
    tallies = list(found)
    total = sum(tally.many for tally in tallies)
    severity = "critical" if any(tally.severity == "critical" for tally in tallies) else "warning"
    kinds = dict.fromkeys(tally.kind for tally in tallies)
    count = {kind: sum(t.many for t in tallies if t.kind == kind) for kind in kinds}
    ru = ", ".join(f"{NAMES[kind][0]}: {count[kind]}" for kind in kinds)
    en = ", ".join(f"{NAMES[kind][1]}: {count[kind]}" for kind in kinds)
    noun = plural(total, "расхождение", "расхождения", "расхождений")
    return Words(
        severity,
        f"Касса «{register}»: {total} {noun} при сверке с ОФД ({ru}). Откройте сверку и разберите каждое.",
        f"Register “{register}”: {total} mismatches with the operator ({en}). Open the reconciliation and settle each.",
    )
