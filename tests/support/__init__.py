"""Fakes, builders and the simulation that several test folders share."""
