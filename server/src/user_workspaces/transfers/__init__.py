"""Files over HTTP, for every door: downloads, folders as zip archives, bodies as they arrive, resumable uploads."""
