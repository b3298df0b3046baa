"""The cold process: what the warm one does, where Python cannot fork (Windows).

It says and hears the same; see `sensei.warm`. Each section gets a fresh pytest.
"""
