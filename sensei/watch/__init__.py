"""`sensei watch`: what is saved is run at once, one koan is shown at a time.

`loop` takes `events` (keys of the `keyboard`, saved `files`, the runner's messages) one
by one. `actions` does what keys stand for, `session` knows which koan is shown and what
is known about it, `controller` decides what runs, `view` draws it or its `listing`.
"""
