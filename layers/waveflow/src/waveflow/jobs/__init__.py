"""Offer analyses as jobs over HTTP; a job is an execution of the state machine."""
