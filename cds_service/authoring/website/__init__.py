"""The documentation as a static HTML site: a page for each card, and pages of facts, parameters,
evidence, codes and the other documents."""
