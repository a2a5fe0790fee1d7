"""The steps from each version of the tables of a case book to the next."""
