"""What runs in the job of a web application, as its user. Standard library only."""
