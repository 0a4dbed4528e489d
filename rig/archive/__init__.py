"""Many runs: an index beside the folders of runs, and a database that keeps whole runs for a laboratory.

Both have one schema (:mod:`rig.archive.schema`), in SQLite or in any database that SQLAlchemy reaches.
"""
