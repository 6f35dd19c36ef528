"""Run the whole system in memory: the real machine and stages, faults all around."""
