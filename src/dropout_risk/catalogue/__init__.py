"""The catalogue: features, measures and instruments, declared as plain data."""
