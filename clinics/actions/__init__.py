"""Writing in the clinics room: the audit trail, staff tasks, people's roles, and how the clinic is set up."""

from .chairs import add_chair, add_outage, chair_mark, change_chair, end_outage
from .hours import add_closure, change_hours, hours_mark, remove_closure
from .leave import add_leave, remove_leave
from .opening import approve_education, open_clinic
from .people import add_member, change_member, choose_digest, reset_second_factor
from .portal import change_portal, portal_mark
from .rules import change_holidays, change_rules, holidays_mark, rules_mark
from .shifts import add_shifts, change_shift, duty_of, end_shift, shift_mark
from .tasks import close_task, open_task
from .trail import SYSTEM, differences, digest_of, record, seal_audit, verify_audit

__all__ = [
    "SYSTEM",
    "add_chair",
    "add_closure",
    "add_leave",
    "add_member",
    "add_outage",
    "add_shifts",
    "approve_education",
    "chair_mark",
    "change_chair",
    "change_holidays",
    "change_hours",
    "change_member",
    "change_portal",
    "change_rules",
    "change_shift",
    "choose_digest",
    "close_task",
    "differences",
    "digest_of",
    "duty_of",
    "end_outage",
    "end_shift",
    "holidays_mark",
    "hours_mark",
    "open_clinic",
    "open_task",
    "portal_mark",
    "record",
    "remove_closure",
    "remove_leave",
    "reset_second_factor",
    "rules_mark",
    "seal_audit",
    "shift_mark",
    "verify_audit",
]
