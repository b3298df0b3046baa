"""The commands of `sensei`, a module for each; `sensei.cli` reads the command line."""
