"""Compiles and builds the frontend in this process: `python -m stack.reflex_build` in the project's root.

This is `reflex export --no-zip` without the first step of that command, `reflex init`, which would
edit .gitignore, ask the package index for newer versions and write below the home directory.
"""

from __future__ import annotations

from pathlib import Path

from reflex.utils import export, prerequisites
from reflex_base import constants
from reflex_base.environment import environment


def main() -> None:
    """Leaves the built frontend in .web/build/client; raises or exits non-zero when it cannot."""
    Path(environment.REFLEX_DIR.get()).mkdir(parents=True, exist_ok=True)
    if prerequisites.needs_reinit():
        prerequisites.initialize_frontend_dependencies()  # type: ignore[no-untyped-call]
    export.export(zipping=False, frontend=True, backend=False, env=constants.Env.PROD)


if __name__ == "__main__":
    main()
