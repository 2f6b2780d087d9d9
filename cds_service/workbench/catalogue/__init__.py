"""Pages on what the service can say and why: cards, facts, parameters, evidence, value sets,
orders; sign-off sheets; the API."""
