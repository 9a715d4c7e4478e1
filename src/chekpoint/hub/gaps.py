"""The incident of a register whose documents do not agree with the other side's: open while one is unanswered."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Final

from chekpoint.hub.mismatch_words import NAMES, plural
from chekpoint.store import incidents, mismatches, views_registers
from chekpoint.store.incidents import Words
from chekpoint.store.journal import Tx

KIND: Final = "reconciliation_gap"
TOLD_OTHERWISE: Final = frozenset({"unsent", "foreign", "lost_answer"})
"""These have incidents of their own: unproven, foreign_document, in_doubt."""


def refresh(tx: Tx, key: Callable[[], str]) -> None:
    """Open, reword and close the incident of each register by what is open and unresolved now."""
    tallies = defaultdict[str, list[mismatches.Tally]](list)
    for tally in mismatches.unresolved(tx):
        if tally.kind not in TOLD_OTHERWISE:
            tallies[tally.register_id].append(tally)
    told = incidents.subjects(tx, KIND)
    names = views_registers.names(tx) if tallies else {}
    for register, found in tallies.items():
        words = _words(names.get(register, register), found)
        if register not in told:
            incidents.open_incident(tx, KIND, register, words, key=key())
        elif _stands(tx, register) != words:
            incidents.reword(tx, KIND, register, words)
    for register in told:
        if register not in tallies:
            incidents.close(tx, KIND, register)


def _stands(tx: Tx, register: str) -> Words | None:
    open_ = (one for one in incidents.open_now(tx) if (one.kind, one.subject) == (KIND, register))
    return next((Words(one.severity, one.text_ru, one.text_en) for one in open_), None)


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
