"""The runner: runs koans in processes of their own, so that none can harm another.

`client` starts a server and talks to it in the messages of `protocol`. The server is
`fork_server`, which has everything imported and forks itself for the jobs of its
`scheduler`, or `spawn`, which starts a new Python for each koan where there is no fork.
Either way a `child` runs the tests; `forked` and `spawned` are what the servers know of
it. `supervisor` is a plugin of plain pytest, which runs in a child of its own there and
tells what it does. `settings` are those of `pyproject.toml`.
"""
