"""The bench: how quick the booking engine is, on SQLite and on PostgreSQL, in ratios and counts.

A developer's tool: ``python -m bench``, or ``make bench``. Nothing of the site imports it, and no test asserts its
figures. It builds its own databases in a temporary folder, serves them as production does, and leaves only
``var/bench.json`` behind.
"""
