"""Django's SQLite backend with a fair queue in front of write transactions; see `base.py`."""

# What `DATABASES["default"]["OPTIONS"]` should be.
DEFAULT_OPTIONS: dict[str, str | int] = {
    # Every atomic() takes the write lock when it begins. A deferred transaction that
    # reads first and writes later fails at once with "database is locked", whatever the
    # time-out, because SQLite can't upgrade a read snapshot that has become old.
    "transaction_mode": "IMMEDIATE",
    # Seconds to wait for the lock before "database is locked".
    "timeout": 20,
    "init_command": "; ".join(
        [
            # Readers never wait for the writer, nor the writer for them.
            "PRAGMA journal_mode=WAL",
            # A commit that was acknowledged survives a power cut; NORMAL may lose the last ones.
            "PRAGMA synchronous=FULL",
            "PRAGMA foreign_keys=ON",
            # 64 MiB: hand the disk back after one large transaction.
            "PRAGMA journal_size_limit=67108864",
        ]
    ),
}
