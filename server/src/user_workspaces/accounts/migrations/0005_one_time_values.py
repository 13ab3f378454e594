"""Rename the table of values that are read once."""

from django.db import migrations


class Migration(migrations.Migration):
    """A rename of one table; no row changes."""

    dependencies = [("accounts", "0004_names_for_people")]

    operations = [
        migrations.RenameModel(old_name="RememberedText", new_name="OneTimeValue"),
    ]
