"""The one place that enumerates patients: the values of facts, and the states that they form
together."""
