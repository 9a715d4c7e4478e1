"""The screens: server-rendered pages that say no more than the proofs do."""
