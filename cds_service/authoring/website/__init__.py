"""The documentation as a static HTML site: a page for each card, and of facts, parameters,
evidence, codes and the other documents."""
