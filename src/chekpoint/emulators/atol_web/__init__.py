"""The web face of an emulated register: the driver's task queue over HTTP, both generations of it."""
