"""The case book: who does what by when for every child, what came of it, and that nobody is missed."""
