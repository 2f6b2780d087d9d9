"""Export of the cards and profiles as FHIR R4 resources: definitions, the package, and the answer
of ``$apply``."""
