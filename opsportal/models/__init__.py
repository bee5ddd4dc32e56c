"""SQLModel tables and their enums. No rules, no queries."""

from opsportal.models.accounts import Company, LoginSession, LoginStage, Person, RecoveryCode, Role
from opsportal.models.audit import AuditEvent, StatusChange
from opsportal.models.catalog import Family, Plan, Service, ServiceStatus, SuspensionReason, Term
from opsportal.models.hardware import (
    ACTIVE_JOB,
    Bmc,
    HardwareJob,
    JobKind,
    JobLog,
    JobStatus,
    JobStep,
    Power,
    Server,
    StepStatus,
)
from opsportal.models.outbox import Outbox, ScheduledTask

__all__ = [
    "ACTIVE_JOB", "AuditEvent", "Bmc", "Company", "Family", "HardwareJob", "JobKind", "JobLog", "JobStatus", "JobStep",
    "LoginSession", "LoginStage", "Outbox", "Person", "Plan", "Power", "RecoveryCode", "Role", "ScheduledTask", "Server",
    "Service", "ServiceStatus", "StatusChange", "StepStatus", "SuspensionReason", "Term",
]  # fmt: skip
