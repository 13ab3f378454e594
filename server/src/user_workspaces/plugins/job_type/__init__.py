"""Built-in plug-ins of the kind job_type."""
