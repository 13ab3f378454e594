"""Rename the field of what a reservation is for: `place` meant three things."""

from django.db import migrations


class Migration(migrations.Migration):
    """A rename of one column; no row changes."""

    dependencies = [("quotas", "0003_disk_in_gibibytes")]

    operations = [
        migrations.RenameField(model_name="diskreservation", old_name="place", new_name="target"),
    ]
