"""How shops reach the hub, and how the hub reaches them: one folder per kind."""
