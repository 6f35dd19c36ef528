"""Mend what the moto interpreter does differently from AWS."""
