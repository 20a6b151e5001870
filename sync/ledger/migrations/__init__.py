"""How an older ledger becomes one of today: one file in ``versions/`` for each step, run by
``sync.ledger.lifecycle.migrate``.

A migration is written by hand and never edited once it was released. ``tests/sync/ledger/lifecycle/test_migrate.py``
says what is missing when ``tables.py`` and the migrations no longer agree.
"""
