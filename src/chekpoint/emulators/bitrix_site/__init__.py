"""The site's half of 1C-Bitrix as a test double: cashboxes, checks, and the three ways to a register.

Behaviour is what bitrix.md says of modules ``sale`` 26.250 and older, its faults included: that is the point.
"""
