"""The fuzzer: ``python -m tests.fuzz``. docs/security.md says what it looks for and how to run it."""
