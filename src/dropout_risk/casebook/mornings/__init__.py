"""The morning: what it is told of the records, what it does, and what it says it did."""
