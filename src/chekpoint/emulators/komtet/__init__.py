"""A test double of Komtet Kassa: a queue of emulated registers behind the service's API v2. Never a KKT."""
