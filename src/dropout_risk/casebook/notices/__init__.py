"""What leaves the system: notices by an outbox and its ports, and letters that a person released."""
