"""Probes: what must be asked outside (a site, a certificate, a cabinet). They store answers; checks judge them."""
