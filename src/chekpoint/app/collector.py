"""The garbage collector of a long-running node.

Python looks for cycles after each 700 new objects, and each hundredth time over everything that lives. A node under
load makes hundreds of objects for a receipt and almost no cycles: those looks were 7 % of its time.
"""

import gc
from typing import Final

YOUNG: Final = (20_000, 20, 50)


def settle() -> None:
    """Call once all is imported and started: what lives now is left out, what comes is looked at less often."""
    gc.freeze()
    gc.set_threshold(*YOUNG)
