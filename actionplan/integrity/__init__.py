"""Whether what a site shows is what was recorded: chain, derived tables, files; and the alarm."""
