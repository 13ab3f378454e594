"""Files over HTTP for API and portal: downloads, zip archives of folders, streamed and resumable uploads."""
