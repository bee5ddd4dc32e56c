"""Why something cannot be installed or booted. Nothing was changed and no machine was touched."""

from __future__ import annotations

from opsportal.domain.refusals import Refusal


class SystemNotOffered(Refusal):
    code = "system_not_offered"
    msgid = "This system is not offered for this server. Nothing was changed. Choose another from the list."


class HostnameUnusable(Refusal):
    code = "hostname_unusable"
    msgid = (
        "This host name cannot be used. Nothing was changed. Use small letters, digits and hyphens, "
        "like web1.company.example."
    )


class SshKeyUnusable(Refusal):
    code = "ssh_key_unusable"
    msgid = (
        "SSH key number {number} cannot be used. Nothing was changed. Paste public keys, one a line, as in "
        "id_ed25519.pub."
    )


class TooManySshKeys(Refusal):
    code = "too_many_ssh_keys"
    msgid = "At most {limit} SSH keys can be put on a new system. Nothing was changed. Leave some out."


class TimeZoneUnknown(Refusal):
    code = "time_zone_unknown"
    msgid = "This time zone is not known. Nothing was changed. Choose one from the list, like Europe/Prague."


class ScriptUnusable(Refusal):
    code = "script_unusable"
    msgid = (
        "The post-install script is longer than {limit} kB or is not plain text. Nothing was changed. "
        "Shorten it, or let it fetch the rest."
    )


class LayoutUnknown(Refusal):
    code = "layout_unknown"
    msgid = "This system cannot use the disks in this way. Nothing was changed. Choose another layout."


class DiskUnknown(Refusal):
    code = "disk_unknown"
    msgid = "This server has no disk {disk}. Nothing was changed. Reload the page and choose its disks again."


class TooFewDisks(Refusal):
    code = "too_few_disks"
    msgid = "This layout needs {needed} disks. Nothing was changed. Choose as many, or another layout."


class DiskTooSmall(Refusal):
    code = "disk_too_small"
    msgid = (
        "Disk {disk} is smaller than the {needed} GB that this system needs. Nothing was changed. "
        "Choose another disk."
    )


class ConfirmationWrong(Refusal):
    code = "confirmation_wrong"
    msgid = "The name that was typed is not the server's name, {name}. Nothing was changed. Type it exactly."


class JobNotWaiting(Refusal):
    code = "job_not_waiting"
    msgid = "The machine is not at work on this any more, so there is nothing to stop. Nothing was changed. Look how it ended."


class BootServiceMissing(Refusal):
    code = "boot_service_missing"
    msgid = "Network boot is not set up on this portal (BOOT_URL). Nothing was changed. Ask an operator to set it."


class MacUnknown(Refusal):
    code = "mac_unknown"
    msgid = (
        "The network address (MAC) of this server is not known, so it cannot start from the network. "
        "Nothing was changed. Please open a ticket."
    )


class ServerCutOff(Refusal):
    code = "server_cut_off"
    msgid = (
        "{server} is blocked from the network, so it cannot start from there. Nothing was changed. Unblock it on its"
        " overview first, then try again."
    )


class BootRefused(Refusal):
    """A machine's request that is not the one expected: no such token, not its turn, not its address."""

    code = "not_found"
    msgid = "There is nothing here for this machine. Nothing was changed."
