"""The one place that goes through patients: the values of facts, and the states that
they make together."""
