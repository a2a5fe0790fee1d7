"""School records: the tables, their checks and the school calendar."""
