"""What every floor above agrees on: the transition table, the error tree, the ports, the clock."""
