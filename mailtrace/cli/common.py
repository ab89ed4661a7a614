"""What every command takes: `--config --data --store`, before or after the command."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from cyclopts import Group, Parameter

from mailtrace.layers import load, settings_file
from mailtrace.settings import Settings


@Parameter(name="*", group=Group("Settings", sort_key=1000))
@dataclass(frozen=True, slots=True)
class Common:
    """Where settings, state and store are."""

    config: str | None = None
    "Settings file (TOML); by default mailtrace.toml in the data folder, else /etc/mailtrace.toml."
    data: str | None = None
    "Folder of positions and of the embedded store; by default /var/lib/mailtrace for root, else ~/.local/share/mailtrace."
    store: str | None = None
    "Where traces are kept: sqlite:FOLDER (by default the folder `store` in the data folder) or https://HOST:PORT."

    def settings(self, **options: str | None) -> Settings:
        """Put all layers of the settings together, these options on top, and those of a command by the settings' names."""
        return load({**self._options(), **options})

    def settings_file(self) -> Path | None:
        """Name the settings file that is read; None where there is none."""
        return settings_file(self._options())

    def _options(self) -> dict[str, str | None]:
        """These options, by the settings' names."""
        return {"config": self.config, "data": self.data, "store": self.store}
