"""Training: from school records to a tracked, evaluated risk model."""
