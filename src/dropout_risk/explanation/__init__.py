"""Contributions of features to a score, and the reasons made from them."""
