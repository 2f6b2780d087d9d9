"""A standing fuzzer: ``python -m tests.fuzz``. What it looks for and how it is run: docs/security.md."""
