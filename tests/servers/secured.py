"""Users and roles of a secured server, as the files that Elasticsearch reads at its start.

The file realm works in every distribution; users kept in the cluster (and API keys) need an index that the distribution for
integration tests cannot make.
"""

from __future__ import annotations

import secrets
from base64 import b64encode
from hashlib import pbkdf2_hmac
from pathlib import Path

from .server import User, Wanted

OPERATOR = "operator"
ROUNDS = 1000


def hashed(password: str) -> str:
    """A password in the form that Elasticsearch keeps, so that no Java needs to start for it."""
    salt = secrets.token_bytes(32)
    key = pbkdf2_hmac("sha512", password.encode(), salt, ROUNDS, 32)
    return f"{{PBKDF2}}{ROUNDS}${b64encode(salt).decode()}${b64encode(key).decode()}"


def secured(wanted: Wanted, config: Path) -> tuple[dict[str, str], str | None]:
    """Write users and roles; give the settings that go with them, and the credentials of one who may do everything."""
    if not wanted.users:
        return {"xpack.security.enabled": "false"}, None
    password = secrets.token_urlsafe(12)
    users = {OPERATOR: User(password, ("superuser",)), **wanted.users}
    (config / "users").write_text("".join(f"{name}:{hashed(user.password)}\n" for name, user in users.items()), encoding="utf-8")
    roles = sorted({role for user in users.values() for role in user.roles})
    lines = [f"{role}:{','.join(name for name, user in users.items() if role in user.roles)}\n" for role in roles]
    (config / "users_roles").write_text("".join(lines), encoding="utf-8")
    (config / "roles.yml").write_text(wanted.roles, encoding="utf-8")
    return {"xpack.security.enabled": "true", "xpack.security.transport.ssl.enabled": "false"}, f"{OPERATOR}:{password}"
