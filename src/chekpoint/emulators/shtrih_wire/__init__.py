"""The binary wire face of an emulated register: both link protocols over TCP and a pseudo-terminal.

The facts come from the protocol's public descriptions and recorded exchanges; what is a guess says so where it stands.
"""
