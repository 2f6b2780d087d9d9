"""Strict YAML, with the place of everything, for all files that people write for the service."""
