"""A test double of ModulKassa: the registers of a retail point behind the service's API v1 and v2. Never a KKT."""
