"""State: what is kept in the folder `.sensei/` of the repository."""
