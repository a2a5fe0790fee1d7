"""What is answered beside plain scores of a body."""
