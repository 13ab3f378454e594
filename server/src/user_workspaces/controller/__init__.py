"""The controller: finds the rows that are due, looks, decides, acts, records. It may die at any line."""
