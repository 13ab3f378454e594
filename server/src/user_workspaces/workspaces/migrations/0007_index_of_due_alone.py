"""Most workspaces are idle: the index holds those that are due some time."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('workspaces', '0006_lease_holders'),
    ]

    operations = [
        migrations.AlterField(
            model_name='workspace',
            name='next_check_at',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddIndex(
            model_name='workspace',
            index=models.Index(
                condition=models.Q(('next_check_at__isnull', False)), fields=['next_check_at'], name='workspace_due'
            ),
        ),
    ]
