"""The schema of `config.json`, a module for each part."""
