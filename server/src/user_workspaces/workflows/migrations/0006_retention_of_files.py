from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('workflows', '0005_lease_holders'),
    ]

    operations = [
        migrations.AddField(
            model_name='run',
            name='retention_since',
            field=models.DateTimeField(null=True),
        ),
    ]
