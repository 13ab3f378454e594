"""The composition root: settings, environment, `config.json`, and how the parts are put together."""
