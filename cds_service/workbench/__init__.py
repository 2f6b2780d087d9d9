"""The pages that people open in a browser: start, try it, why, and what a client sent. On in
development, a switch in production."""
