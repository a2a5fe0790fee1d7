"""What a score says beside its number: what it rests on, what it could not use, and what helps."""
