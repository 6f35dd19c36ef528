"""Model the JSON that server, queue, state machine and stages exchange."""
