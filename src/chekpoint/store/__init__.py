"""What is remembered: tables, the journal with group commit, queries, migrations."""
