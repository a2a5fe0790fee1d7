"""Monitoring whether today's pupils still look like those the model was trained on."""
