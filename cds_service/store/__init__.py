"""What is kept: cards that were shown, and the feedback on them. The only part that opens
database connections.

No patient data: see ``docs/feedback.md`` for what is stored and what is not.
"""
