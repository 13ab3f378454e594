"""The programs in the job of a web application, run as its user. Standard library only."""
