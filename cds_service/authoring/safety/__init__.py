"""Proof by enumeration: every distinguishable state of the facts, through the real decisions and
the real rendering."""
