from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('digest', '0003_plurals'),
    ]

    operations = [
        migrations.AddIndex(
            model_name='paper',
            index=models.Index(fields=['first_day'], name='paper_first_day'),
        ),
    ]
