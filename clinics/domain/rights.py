"""Who may do what: five roles, each able to do its own work and no more."""

from enum import StrEnum


class Role(StrEnum):
    RECEPTIONIST = "receptionist"
    NURSE = "nurse"
    PRESCRIBER = "prescriber"
    PHARMACIST = "pharmacist"
    MANAGER = "manager"


class Right(StrEnum):
    VIEW_PATIENTS = "view_patients"
    EDIT_PATIENTS = "edit_patients"
    CONFIRM_DIAGNOSIS = "confirm_diagnosis"
    IMPORT_PATIENTS = "import_patients"
    RECORD_HISTORY = "record_history"
    RECORD_RESULTS = "record_results"
    EDIT_EVALUATION = "edit_evaluation"
    ADMIN_REQUIREMENTS = "admin_requirements"
    SIGN_CLEARANCE = "sign_clearance"
    PRESCRIBE = "prescribe"
    VIEW_REGIMENS = "view_regimens"
    APPROVE_REGIMEN = "approve_regimen"
    EDIT_REGIMEN = "edit_regimen"
    BOOK = "book"
    CLOSE_DAY = "close_day"
    RUN_DAY = "run_day"
    TREAT = "treat"
    ANSWER_REPORTS = "answer_reports"
    CLOSE_TASKS = "close_tasks"
    INVITE_PATIENT = "invite_patient"
    APPROVE_PAGES = "approve_pages"
    VIEW_AUDIT = "view_audit"
    MANAGE_CLINIC = "manage_clinic"


_R = Right
_EVERYONE = {_R.VIEW_PATIENTS, _R.CLOSE_TASKS, _R.VIEW_REGIMENS}
RIGHTS: dict[Role, frozenset[Right]] = {
    Role.RECEPTIONIST: frozenset(
        _EVERYONE
        | {
            _R.EDIT_PATIENTS,
            _R.IMPORT_PATIENTS,
            _R.ADMIN_REQUIREMENTS,
            _R.BOOK,
            _R.RUN_DAY,
            _R.INVITE_PATIENT,
        }
    ),
    Role.NURSE: frozenset(
        _EVERYONE
        | {
            _R.EDIT_PATIENTS,
            _R.RECORD_HISTORY,
            _R.RECORD_RESULTS,
            _R.EDIT_EVALUATION,
            _R.ADMIN_REQUIREMENTS,
            _R.BOOK,
            _R.CLOSE_DAY,
            _R.RUN_DAY,
            _R.TREAT,
            _R.ANSWER_REPORTS,
            _R.INVITE_PATIENT,
        }
    ),
    Role.PRESCRIBER: frozenset(
        _EVERYONE
        | {
            _R.EDIT_PATIENTS,
            _R.CONFIRM_DIAGNOSIS,
            _R.RECORD_HISTORY,
            _R.RECORD_RESULTS,
            _R.EDIT_EVALUATION,
            _R.SIGN_CLEARANCE,
            _R.PRESCRIBE,
            _R.APPROVE_REGIMEN,
            _R.APPROVE_PAGES,
            _R.BOOK,
            _R.CLOSE_DAY,
            _R.TREAT,
            _R.ANSWER_REPORTS,
            _R.RUN_DAY,
        }
    ),
    Role.PHARMACIST: frozenset(_EVERYONE | {_R.APPROVE_REGIMEN, _R.EDIT_REGIMEN, _R.ADMIN_REQUIREMENTS}),
    Role.MANAGER: frozenset(
        _EVERYONE | {_R.IMPORT_PATIENTS, _R.EDIT_PATIENTS, _R.APPROVE_PAGES, _R.VIEW_AUDIT, _R.MANAGE_CLINIC}
    ),
}


def may(role: Role | str, right: Right) -> bool:
    """True where the role carries the right."""
    return right in RIGHTS[Role(role)]
