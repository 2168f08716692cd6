"""What the apps have in common that show what is saved: nothing trains, so nothing has to end."""

from __future__ import annotations

from digit_tui.session.exit_status import ExitStatus
from digit_tui.tui.run_app import RunApp


class ShownApp(RunApp):
    """Shows something that does not change, and leaves at once."""

    @property
    def words_now(self) -> dict[str, str]:
        return {}

    async def action_quit(self) -> None:
        self.exit(return_code=ExitStatus.DONE)

    def stop_run(self) -> None:
        """Do nothing: none trains."""

    def leave(self) -> None:
        self.exit(return_code=ExitStatus.SIGNALLED + (self.ended_by or 0))

    def wait_saved(self, seconds: float) -> bool:
        """Return at once: there is nothing to save."""
        return True
