"""Rename the reverse relation to a personal REANA; nothing changes in the database."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    """A change of Django's state alone."""

    dependencies = [("workflows", "0006_retention_of_files")]

    operations = [
        migrations.AlterField(
            model_name="personalreana",
            name="user",
            field=models.OneToOneField(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="personal_reana",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
    ]
