"""Patch moto's Step Functions interpreter where moto differs from AWS."""
