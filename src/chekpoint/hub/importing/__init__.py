"""Files that people bring: registers exported from operators' cabinets, lists of checks, lists of payments."""
