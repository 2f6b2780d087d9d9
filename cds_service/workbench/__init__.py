"""The pages that people open in a browser: start, try it, why, and the calls of a client. They are
on in development; in production a setting switches them on."""
