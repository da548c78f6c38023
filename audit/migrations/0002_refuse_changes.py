"""The trail only grows: the database itself refuses to change or remove an event."""

from django.db import migrations

# The texts beside an event may be removed (erasure), but never rewritten.
SQLITE = {
    "event_no_update": "BEFORE UPDATE ON audit_event",
    "event_no_delete": "BEFORE DELETE ON audit_event",
    "event_text_no_update": "BEFORE UPDATE ON audit_eventtext",
}
POSTGRESQL = {
    "event_no_change": ("audit_event", "UPDATE OR DELETE", "ROW"),
    "event_no_truncate": ("audit_event", "TRUNCATE", "STATEMENT"),
    "event_text_no_update": ("audit_eventtext", "UPDATE", "ROW"),
}


def install(apps, schema_editor):
    if schema_editor.connection.vendor == "sqlite":
        for name, when in SQLITE.items():
            schema_editor.execute(
                f"CREATE TRIGGER {name} {when} BEGIN SELECT RAISE(ABORT, 'the trail only grows'); END"
            )
        return
    schema_editor.execute(
        """
        CREATE FUNCTION audit_only_grows() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN RAISE EXCEPTION 'the trail only grows' USING ERRCODE = 'integrity_constraint_violation';
        END $$
        """
    )
    for name, (table, what, each) in POSTGRESQL.items():
        schema_editor.execute(
            f"CREATE TRIGGER {name} BEFORE {what} ON {table} FOR EACH {each} EXECUTE FUNCTION audit_only_grows()"
        )


def remove(apps, schema_editor):
    if schema_editor.connection.vendor == "sqlite":
        for name in SQLITE:
            schema_editor.execute(f"DROP TRIGGER IF EXISTS {name}")
        return
    schema_editor.execute("DROP FUNCTION IF EXISTS audit_only_grows() CASCADE")


class Migration(migrations.Migration):
    dependencies = [("audit", "0001_initial")]
    operations = [migrations.RunPython(install, remove)]
