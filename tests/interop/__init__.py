"""Tests of the handed-over resources with HL7's validator, a HAPI server and a CQL engine (``make interop``).

They need Java 17, Maven, Node and their registries, so ``make test`` does not include them; docs/interoperability.md has the results.
"""
