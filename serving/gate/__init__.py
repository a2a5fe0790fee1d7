"""What a request passes before it is answered: who asks, how much, how long, and what is noted of it."""
