"""Is this process alive, and can it serve?"""

from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, JsonResponse


def healthz(request: HttpRequest) -> JsonResponse:
    """Alive. Asks nobody: a database that is away must not get the process restarted."""
    return JsonResponse({"status": "ok"})


def readyz(request: HttpRequest) -> JsonResponse:
    """Able to serve: the database answers and has every migration."""
    try:
        executor = MigrationExecutor(connection)
        missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except DatabaseError as error:
        return JsonResponse({"status": "unready", "why": type(error).__name__}, status=503)
    if missing:
        return JsonResponse({"status": "unready", "why": "migrations are missing"}, status=503)
    return JsonResponse({"status": "ok"})
