"""The doors of docs/ARCHITECTURE.md: who may import whom, read from the sources."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
ROOMS = ("showcase", "telemetry", "service", "worker", "cloudwatch", "alarms", "migrations", "local")

# What each room may import of ours, beside itself.
DOORS = {
    "showcase": set(),
    "telemetry": set(),
    "cloudwatch": set(),
    "service": {"showcase", "telemetry"},
    "worker": {"showcase", "telemetry"},
    "alarms": {"cloudwatch", "telemetry"},
    "migrations": {"showcase"},
    "local": {"showcase", "telemetry", "service", "worker", "cloudwatch", "alarms", "migrations"},
}

# Libraries that are touched behind one facade only: in these files, or in every file of a room.
LIBRARIES = {
    "alembic": ["migrations/"],
    "falcon": ["service/"],
    "waitress": ["service/server.py", "service/door/"],
    "ffmpeg": ["worker/pipeline.py"],
    "imageio_ffmpeg": ["worker/encoder.py"],
    "boto3": ["showcase/aws.py", "showcase/media_store.py", "alarms/live.py", "local/"],
    "botocore": [
        "showcase/aws.py",
        "showcase/job_queue.py",
        "showcase/inbox.py",
        "showcase/media_store.py",
        "alarms/live.py",
        "alarms/schema.py",
        "local/",
    ],
    "argon2": ["showcase/passwords.py"],
    "orjson": ["service/app.py"],
    "jwt": ["service/tokens.py"],
    "aws_embedded_metrics": ["telemetry/recorder.py"],
    "celery": ["worker/celery_tasks.py"],
    "kombu": ["worker/celery_tasks.py"],
    "redis": ["worker/celery_tasks.py"],
}


def sources(room: str) -> list[Path]:
    return sorted((ROOT / room).rglob("*.py"))


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_imports_only_through_its_doors(room: str) -> None:
    for path in sources(room):
        ours = {name.split(".")[0] for name in imports(path)} & set(ROOMS) - {room}
        assert ours <= DOORS[room], f"{path.relative_to(ROOT)} imports {ours - DOORS[room]}"


def test_alarms_know_of_telemetry_only_its_catalogue() -> None:
    for path in sources("alarms"):
        names = {name for name in imports(path) if name.startswith("telemetry")}
        assert names <= {"telemetry.catalogue"}, path


@pytest.mark.parametrize("library", LIBRARIES)
def test_a_library_is_touched_only_behind_its_facade(library: str) -> None:
    allowed = LIBRARIES[library]
    for room in ROOMS:
        for path in sources(room):
            name = str(path.relative_to(ROOT))
            if any(imported.split(".")[0] == library for imported in imports(path)):
                assert any(name == place or (place.endswith("/") and name.startswith(place)) for place in allowed), (
                    f"{name} imports {library}"
                )


def test_only_the_settings_read_the_environment() -> None:
    for room in ROOMS:
        for path in sources(room):
            text = path.read_text()
            if path != ROOT / "showcase" / "settings.py":
                assert "os.environ" not in text and "getenv" not in text, path.relative_to(ROOT)


def test_nothing_happens_at_import() -> None:
    """At module level stand definitions and constants: no calls that open, connect or start anything."""
    forbidden = {"open", "connect", "create_engine", "Popen", "run", "start", "client", "read_settings", "makedirs"}
    for room in ROOMS:
        for path in sources(room):
            for node in ast.parse(path.read_text()).body:
                if isinstance(node, ast.Assign | ast.AnnAssign | ast.Expr):
                    calls = {_called(call) for call in ast.walk(node) if isinstance(call, ast.Call)}
                    assert not calls & forbidden, f"{path.relative_to(ROOT)}:{node.lineno}"


def _called(call: ast.Call) -> str:
    function = call.func
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
