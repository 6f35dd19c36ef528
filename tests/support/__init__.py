"""What several suites share: fakes that satisfy the ports, and made records."""
