"""Model the JSON between the server, the queue, the machine and the stages."""
