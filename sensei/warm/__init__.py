"""The warm process: has everything imported, and forks itself for every koan it runs.

It reads requests from its standard input and writes events to its standard output,
one JSON object a line; see `sensei.warm.wire`. It ends when its input does.
"""
