"""A week of home visits: who is due, by which way, on paper and back."""
