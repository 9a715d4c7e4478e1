"""A test double of OrangeData: a group of emulated registers behind the service's API and its mutual TLS. Never a KKT."""
