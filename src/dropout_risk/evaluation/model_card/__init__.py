"""The model card: its pages, its pictures, who answers for the model, and what lists say of it."""
