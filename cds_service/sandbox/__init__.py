"""A sandbox: made-up patients, one for each card, on a small FHIR R4 server, and links that open
them in the CDS Hooks Sandbox.

It serves trials and tests. No hook call runs any of it.
"""
