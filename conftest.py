"""The plugins of this repository."""

pytest_plugins = ["sensei.plugin", "lab.plugin"]
