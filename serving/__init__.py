"""The scoring endpoint: one BentoML service, thin around ``dropout_risk.scoring``."""
