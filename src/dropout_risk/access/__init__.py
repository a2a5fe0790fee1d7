"""Access: who asks, what they may see of whom, and what is written down of it."""
