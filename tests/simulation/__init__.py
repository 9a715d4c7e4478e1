"""The whole hub on a virtual clock from a seed: hubs, registers, operator, shops and network in one process.

``python -m tests.simulation --seeds 200`` runs seeds 0..199; a failing one is replayed by ``--seed K --verbose``.
The oracle (oracle.py) asks the drives' archives and never the hub's word.
"""
