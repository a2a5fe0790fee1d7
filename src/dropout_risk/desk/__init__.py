"""The desk: the pages on which people read their cases and write down what they did, as plain forms."""
