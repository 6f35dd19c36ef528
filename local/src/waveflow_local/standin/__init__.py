"""Stand in for the platform's NestJS server."""
