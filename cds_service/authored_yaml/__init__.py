"""Strict YAML with the place of everything, for whatever people write for the service."""
