"""The pages of the catalogue (cards, facts, parameters, evidence, value sets, orders), the sign-off
sheets, and the page of the API."""
