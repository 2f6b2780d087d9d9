"""A FHIR-native CDS Hooks service for vitamin B12 and folate."""

__version__ = "0.1.0"
