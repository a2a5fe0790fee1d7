"""dropout_risk: school records in, explained dropout risks out."""
