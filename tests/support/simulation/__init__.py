"""Simulation of the whole system in memory: real machine and stages, many faults."""
