"""What machines are given while they boot and install: scripts and configurations, written from plain facts."""

from opsportal.integrations.installers.ipxe import LOCAL_DISK, boot_script
from opsportal.integrations.installers.rendering import render

__all__ = ["LOCAL_DISK", "boot_script", "render"]
