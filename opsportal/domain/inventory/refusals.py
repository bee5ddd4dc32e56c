"""What the inventory declines, and what to do instead."""

from __future__ import annotations

from opsportal.domain.refusals import Refusal


class ReasonMissing(Refusal):
    code = "reason_missing"
    msgid = "The reason is missing. Nothing was changed. Say in a few words why; others will read it."


class ServerNotAvailable(Refusal):
    code = "server_not_available"
    msgid = (
        "{server} is not available any more. Nothing was changed. Reload the list and choose another server."
    )


class ServiceHasServer(Refusal):
    code = "service_has_server"
    msgid = "This service has a server already. Nothing was changed. Check the number of the service."


class ServiceTakesNoServer(Refusal):
    code = "service_takes_no_server"
    msgid = "This service has ended, or is not one of servers. Nothing was changed. Check its number."


class ServiceStillRuns(Refusal):
    code = "service_still_runs"
    msgid = (
        "The service on {server} has not ended. Nothing was changed. Terminate the service before its server "
        "is taken back."
    )


class ServerNotAnswering(Refusal):
    code = "server_not_answering"
    msgid = (
        "The management controller of {server} does not answer, so that its tenant could do nothing with it. Nothing "
        "was changed. Choose another server; this one can be let as soon as it answers again."
    )


class ServerStillBlocked(Refusal):
    code = "server_still_blocked"
    msgid = "{server} is still blocked from the network. Nothing was changed. Unblock it on its page, then release it."


class StockStepNotPossible(Refusal):
    code = "stock_step_not_possible"
    msgid = "{server} is in another state meanwhile. Nothing was changed. Reload the page and look again."


class ServerAtWork(Refusal):
    code = "server_at_work"
    msgid = "A job is under way on {server}. Nothing was changed. Wait until it ends, then try again."


class EvidenceNotOfThisStep(Refusal):
    code = "evidence_not_of_this_step"
    msgid = "This is no way to prove this step. Nothing was written down. Reload the page and choose one of its ways."


class FactoryUserLeft(Refusal):
    code = "factory_user_left"
    msgid = (
        "We still sign in to this BMC by a user from the factory. Nothing was written down. Ask for a new BMC "
        "password first, which makes a user of our own, then look again."
    )


class CleaningEnded(Refusal):
    code = "cleaning_ended"
    msgid = "This cleaning has ended. Nothing was written down. Reload the page to see how."


class PlaceTaken(Refusal):
    code = "place_taken"
    msgid = "Something stands on these units already. Nothing was changed. Choose free units."


class OutsideRack(Refusal):
    code = "outside_rack"
    msgid = "The rack has {height} units. Nothing was changed. Choose units inside it."


class NameTaken(Refusal):
    code = "name_taken"
    msgid = "There is one of this name already. Nothing was changed. Choose another name."


class NameUnusable(Refusal):
    code = "name_unusable"
    msgid = "This name cannot be used. Nothing was changed. Use letters, digits, dots and hyphens."


class SerialTaken(Refusal):
    code = "serial_taken"
    msgid = "A part with this serial number is on record already. Nothing was changed. Search for it instead."


class MacUnusable(Refusal):
    code = "mac_unusable"
    msgid = "This is no MAC address. Nothing was changed. Write it like 52:54:00:12:34:56."


class AddressUnusable(Refusal):
    code = "address_unusable"
    msgid = (
        "Workers may not dial this address. Nothing was changed. Enter a numeric address inside BMC_NETWORKS."
    )


class FingerprintUnusable(Refusal):
    code = "fingerprint_unusable"
    msgid = "This is no SHA-256 fingerprint of a certificate: 64 hexadecimal digits. Nothing was changed. Read it anew."


class CipherSuiteUnusable(Refusal):
    code = "cipher_suite_unusable"
    msgid = (
        "Only cipher suites 3 and 17 authenticate, sign and encrypt. Nothing was changed. Choose one of them."
    )


class BmcAlreadyKnown(Refusal):
    code = "bmc_already_known"
    msgid = "This BMC is on record for another server. Nothing was changed. Search for its address."


class CredentialsTooLong(Refusal):
    code = "credentials_too_long"
    msgid = (
        "A BMC user name has at most 16 bytes and a password at most 20. Nothing was changed. Shorten them."
    )


class PasswordNeeded(Refusal):
    """The password on record is for the machine on record: another one is not told it."""

    code = "bmc_password_needed"
    msgid = "Another address or certificate may be another machine. Nothing was changed. Enter the BMC's password, too."


class ScreenPasswordNeeded(Refusal):
    code = "screen_password_needed"
    msgid = (
        "Another address may be another screen. Nothing was changed. Enter its password, too, or say that it asks for "
        "none."
    )


class SelectionTooLarge(Refusal):
    code = "selection_too_large"
    msgid = "At most {limit} servers can be chosen at once. Nothing was changed. Choose fewer."


class InspectionOutdated(Refusal):
    code = "inspection_outdated"
    msgid = "A newer inspection is there. Nothing was changed. Reload the page and look at that one."


class ExpectedPartsUnclear(Refusal):
    code = "expected_parts_unclear"
    msgid = 'Line {line} of the expected parts is not clear. Nothing was changed. Write lines like "8 dimm 32 GB".'


class RangeUnusable(Refusal):
    code = "range_unusable"
    msgid = (
        "Workers may not search there. Nothing was asked. Enter a network, an address or a range inside "
        "BMC_NETWORKS, like 10.20.0.0/24."
    )


class RangeTooLarge(Refusal):
    code = "range_too_large"
    msgid = (
        "That is more than {limit} addresses and ports at once. Nothing was asked. Search a smaller range."
    )


class PortsUnusable(Refusal):
    code = "ports_unusable"
    msgid = "These are no ports. Nothing was asked. Enter at most {limit}, like 623 or 623, 6230-6239."


class SweepUnderWay(Refusal):
    code = "sweep_under_way"
    msgid = (
        "A search is under way already. Nothing was asked. Wait until it ends; its result shows on this page."
    )


class OrderKnown(Refusal):
    code = "order_known"
    msgid = "An order of this number is on record already. Nothing was changed. Correct that one."


class OrderEmpty(Refusal):
    code = "order_empty"
    msgid = "The order names no parts. Nothing was changed. Write at least one line, like 8 dimm 32 GB."


class NoDifference(Refusal):
    code = "no_difference"
    msgid = "There is no difference to decide about. Nothing was changed. Reload the page and look again."


class FirmwareUnusable(Refusal):
    code = "firmware_unusable"
    msgid = "Model, component and version have 1 to 60 printable characters each. Nothing was changed. Fill them in."
