"""The store of shown cards and of feedback on them. No other package opens database connections.

It holds no patient data: ``docs/feedback.md`` lists what is stored.
"""
