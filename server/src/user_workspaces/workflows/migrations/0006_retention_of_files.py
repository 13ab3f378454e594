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
        migrations.AddField(
            model_name='run',
            name='retain_at',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddIndex(
            model_name='run',
            index=models.Index(
                condition=models.Q(('retain_at__isnull', False)), fields=['retain_at'], name='run_retained'
            ),
        ),
    ]
