"""The benchmark: the service against a floor that reads the same bodies and does nothing. ``make bench``."""
