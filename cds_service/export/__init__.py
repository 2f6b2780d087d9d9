"""The cards and profiles handed over as FHIR R4 resources: definitions, package, and what
``$apply`` answers."""
