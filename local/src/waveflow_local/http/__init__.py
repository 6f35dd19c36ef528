"""Serve the analysis API and the page, in a process of its own."""
