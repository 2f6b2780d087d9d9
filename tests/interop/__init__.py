"""The outside view: HL7's validator, a HAPI server and a CQL engine on what the service hands over (``make interop``).

It needs Java 17, Maven, Node and their registries, so that it is no part of ``make test``; docs/interoperability.md has the results.
"""
