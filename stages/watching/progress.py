"""Progress bars on the terminal."""

from rich.progress import Progress, ProgressColumn

from shared.console import console


def progress(*columns: str | ProgressColumn) -> Progress:
    """Return a progress bar on the terminal; where there is none, it draws nothing."""
    return Progress(*columns, console=console, transient=True, disable=not console.is_terminal)
