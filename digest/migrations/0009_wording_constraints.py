# A transaction of its own: PostgreSQL adds no constraint to a table whose rows were written in the same one.

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('digest', '0008_wording_versions'),
    ]

    operations = [
        migrations.AddConstraint(
            model_name='template',
            constraint=models.CheckConstraint(condition=models.Q(('active', False), ('activated_at__isnull', False), _connector='OR'), name='template_active_since'),
        ),
        migrations.AddConstraint(
            model_name='template',
            constraint=models.CheckConstraint(condition=models.Q(('failed_at__isnull', True), ('instead__isnull', False), _connector='OR'), name='template_failed_instead'),
        ),
    ]
