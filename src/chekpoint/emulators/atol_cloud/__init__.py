"""A test double of ATOL Online: a group of emulated registers behind the service's API, v4 and v5. Never a KKT."""
