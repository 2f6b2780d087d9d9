"""A sandbox: made-up patients, one for each card, on a small FHIR R4 server, and links that open
them in the CDS Hooks Sandbox.

For trying the service and for tests. Nothing of it runs when a hook is called.
"""
