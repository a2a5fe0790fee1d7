"""The learners behind the candidates."""
