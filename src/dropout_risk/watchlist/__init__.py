"""The morning's watch list."""
