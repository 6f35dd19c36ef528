"""Start jobs and report their progress: a job is an execution of the machine."""
