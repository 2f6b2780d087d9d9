"""Profiles of EHRs as files, what a server's CapabilityStatement says, and the check of an
EHR before go-live."""
