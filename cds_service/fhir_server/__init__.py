"""Reading the FHIR servers of clients: the only part that opens connections to them."""
