"""Proof by enumeration: every distinguishable state of the facts is run through the real decisions
and the real rendering."""
