"""Which process holds the lease on a row; of a job also when it began, by a clock that nobody sets."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('jobs', '0006_requested_as_sent'),
    ]

    operations = [
        migrations.AddField(
            model_name='job',
            name='lease_holder',
            field=models.CharField(blank=True, default='', max_length=100),
        ),
        migrations.AddField(
            model_name='job',
            name='lease_until',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name='job',
            name='start_mark',
            field=models.CharField(blank=True, default='', max_length=100),
        ),
    ]
