"""Rename two fields of reservations: `place` meant three things, `settled_as` said nothing of the change it counts."""

from django.db import migrations


class Migration(migrations.Migration):
    """Two renames of columns; no row changes."""

    dependencies = [("quotas", "0003_disk_in_gibibytes")]

    operations = [
        migrations.RenameField(model_name="diskreservation", old_name="place", new_name="target"),
        migrations.RenameField(model_name="diskreservation", old_name="settled_as", new_name="committed_change"),
    ]
