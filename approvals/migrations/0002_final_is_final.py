"""What is settled stays settled, and a permission is used once: the database sees to it."""

from django.db import migrations

TERMINAL = "('approved', 'modified', 'rejected', 'cancelled')"
# Of a settled approval, what may still move: its trail, its messages, a claim left behind.
FINAL = (
    "status", "via", "decision", "settled_at", "next_due_at", "revision", "digest", "agent_id",
    "version_id", "template_id", "follows_id", "group_id", "terms", "risk_score", "risk", "amount",
    "required_tier", "quorum_needed", "submitted_at", "expires_at", "checkpoint", "action",
    "effect", "envelope", "on_behalf_of", "callback_url",
)


def changed(*columns):
    return " OR ".join(f"NEW.{column} IS DISTINCT FROM OLD.{column}" for column in columns)


# (table, event, condition, what it says)
RULES = {
    "approval_final_update": (
        "approvals_approvalrequest",
        "UPDATE",
        f"OLD.status IN {TERMINAL} AND ({changed(*FINAL)})",
        "a settled approval never changes its outcome",
    ),
    "approval_no_delete": (
        "approvals_approvalrequest",
        "DELETE",
        f"OLD.status IN {TERMINAL}",
        "a settled approval is not deleted",
    ),
    "revision_bytes_fixed": (
        "approvals_revision",
        "UPDATE",
        changed("approval_id", "number", "body", "digest"),
        "the bytes of a revision never change",
    ),
    "grant_fixed": (
        "approvals_grant",
        "UPDATE",
        changed("approval_id", "jti", "digest", "token"),
        "a permission is not rewritten",
    ),
    "grant_no_delete": (
        "approvals_grant",
        "DELETE",
        "OLD.jti IS NOT NULL",
        "a permission is not deleted",
    ),
    "grant_used_once": (
        "approvals_grant",
        "UPDATE",
        "OLD.consumed_at IS NOT NULL AND NEW.consumed_at IS DISTINCT FROM OLD.consumed_at",
        "a permission is used once",
    ),
}


def install(apps, schema_editor):
    sqlite = schema_editor.connection.vendor == "sqlite"
    for name, (table, event, condition, words) in RULES.items():
        if sqlite:
            # SQLite before 3.39 says IS NOT for the same thing.
            condition = condition.replace("IS DISTINCT FROM", "IS NOT")
            schema_editor.execute(
                f"CREATE TRIGGER {name} BEFORE {event} ON {table} WHEN {condition} "
                f"BEGIN SELECT RAISE(ABORT, '{words}'); END"
            )
            continue
        schema_editor.execute(
            f"""
            CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN RAISE EXCEPTION '{words}' USING ERRCODE = 'integrity_constraint_violation';
            END $$
            """
        )
        schema_editor.execute(
            f"CREATE TRIGGER {name} BEFORE {event} ON {table} FOR EACH ROW "
            f"WHEN ({condition}) EXECUTE FUNCTION {name}()"
        )


def remove(apps, schema_editor):
    for name in RULES:
        if schema_editor.connection.vendor == "sqlite":
            schema_editor.execute(f"DROP TRIGGER IF EXISTS {name}")
        else:
            schema_editor.execute(f"DROP FUNCTION IF EXISTS {name}() CASCADE")


class Migration(migrations.Migration):
    dependencies = [("approvals", "0001_initial"), ("audit", "0002_refuse_changes")]
    operations = [migrations.RunPython(install, remove)]
