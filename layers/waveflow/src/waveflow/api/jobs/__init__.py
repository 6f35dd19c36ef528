"""Start jobs and report their progress; each job is a state machine execution."""
