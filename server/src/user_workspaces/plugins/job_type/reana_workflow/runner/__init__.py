"""Executes a workflow on the resource; may be killed at any line and restarted. Standard library only, Python >= 3.8.

It is sent to the resource as one file, a zip archive that Python executes (`delivery.py`), and runs there as the user.
All its state is in the run's state directory: `plan.json`, the append-only `journal.jsonl`, and `logs/<uuid>.log`.
"""
