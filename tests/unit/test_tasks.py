"""What queues and the clock are told by name is there, and its worker imports it before it forks."""

from __future__ import annotations

import ast
import importlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from rq.utils import import_attribute

from opsportal.integrations.queue_watch import QUEUES
from workers import clock, queues, worker

ROOT = Path(__file__).parents[2]


def _named(module: str, named: ast.expr) -> object:
    """The value of a text, or of a constant of the module; None for what is known only when it runs."""
    if isinstance(named, ast.Constant):
        return named.value
    return getattr(importlib.import_module(module), named.id, None) if isinstance(named, ast.Name) else None


def _enqueued() -> Iterator[tuple[str, object, object]]:
    """Where something is put on a queue in our code: the module, the queue and the task."""
    for package in ("opsportal/domain", "workers"):
        for path in sorted((ROOT / package).rglob("*.py")):
            source = path.read_text()
            if ".enqueue(" not in source:
                continue
            module = ".".join(path.relative_to(ROOT).with_suffix("").parts)
            for call in ast.walk(ast.parse(source)):
                if (
                    isinstance(call, ast.Call)
                    and isinstance(call.func, ast.Attribute)
                    and call.func.attr == "enqueue"
                ):
                    yield module, _named(module, call.args[0]), _named(module, call.args[1])


def test_everything_named_is_there() -> None:
    names = {task.function for task in queues.TASKS.values()} | {
        work for _, _, work in clock.SCHEDULE.values()
    }
    for name in {*names, worker.READINESS}:
        assert callable(import_attribute(name)), name


def test_tasks_are_put_on_their_own_queue() -> None:
    found = {(queue, task) for _, queue, task in _enqueued() if queue and task}
    assert len(found) > 15
    assert found <= {(task.queue, name) for name, task in queues.TASKS.items()}


@pytest.mark.parametrize("queue", QUEUES)
def test_a_worker_imports_the_work_of_its_queue(queue: str) -> None:
    tasks = [task for task in queues.TASKS.values() if task.queue == queue]
    work = [task.function for task in tasks] + [
        work for on, _, work in clock.SCHEDULE.values() if on == queue
    ]
    assert {name.rpartition(".")[0] for name in work} <= set(worker.list_modules(queue))
    assert "workers.clock" in worker.list_modules(queue)
