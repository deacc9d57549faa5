"""The voice provider as a local server, built from the provider's pages alone.

It shares no rule with the engine it judges: its ledger says which phone rang when, and tests
believe that ledger rather than our own tables.
"""
