"""A model on disk: the bundle, how MLflow knows it, and which one a service answers with."""
