"""`plugins`: list the configured plug-ins and their health."""

from django.core.management.base import BaseCommand

from user_workspaces import registry


class Command(BaseCommand):
    """Prints a table with kind, name, type and health, and advice for operators below it."""

    help = "List the configured plug-ins with kind, name, type and health."
    requires_system_checks = ("configuration",)  # the other checks concern pages and the API, and take half a second

    def handle(self, *args: object, **options: object) -> None:
        """Print one row for each plug-in."""
        current = registry.current()
        rows, advice = [("KIND", "NAME", "TYPE", "HEALTH")], list[str]()
        for declaration in current.declarations:
            health = current.find(declaration.kind, declaration.name).check()
            text = f"{'ok' if health.connected else 'DOWN'} {health.message}".strip()
            rows.append((declaration.kind.value, declaration.name, declaration.type_name, text))
            if health.advice:
                advice.append(f"{declaration.name}: {health.advice}")
        widths = [max(len(row[column]) for row in rows) for column in range(3)]
        for row in rows:
            cells = [cell.ljust(width) for cell, width in zip(row[:3], widths, strict=True)]
            self.stdout.write("  ".join([*cells, row[3]]).rstrip())
        for line in advice:
            self.stdout.write(line)
