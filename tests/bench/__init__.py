"""The benchmark (``make bench``): compares the service with a server that only reads the same bodies."""
