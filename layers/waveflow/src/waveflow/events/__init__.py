"""What is said between the server, the queue, the machine and the stages."""
