"""A simulated school district with known causes: for demos, tests and benchmarks."""
