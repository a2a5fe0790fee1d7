"""Which model answers: chosen, prepared, exchanged, shadowed and observed."""
