"""The watch: checks find what is wrong, incidents are opened and closed, people are told."""
