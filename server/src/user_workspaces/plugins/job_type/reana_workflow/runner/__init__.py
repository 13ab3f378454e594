"""Runs a workflow on the resource; may die at any line and be started again. Standard library only, Python >= 3.8.

It is handed to the resource as one file, a zip archive that Python runs (`delivery.py`), and runs there as the person.
All that it knows is in the run's state directory: `plan.json`, the append-only `journal.jsonl`, `logs/<uuid>.log`.
"""
