"""Profiles of EHRs as files, profiles derived from a CapabilityStatement, and the check of an EHR
before go-live."""
