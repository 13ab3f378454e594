"""Which process holds the lease on a row."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('workflows', '0004_fewer_indexes'),
    ]

    operations = [
        migrations.AddField(
            model_name='run',
            name='lease_holder',
            field=models.CharField(blank=True, default='', max_length=100),
        ),
        migrations.AddField(
            model_name='run',
            name='lease_until',
            field=models.DateTimeField(null=True),
        ),
    ]
