"""Erase stems from a stack's bucket, for people who have a right to be forgotten."""
