"""Moving a running course to a newer version of its regimen."""

from __future__ import annotations

from datetime import datetime

from clinics.actions import record
from clinics.domain.refusals import Refusal, Refused
from clinics.models import User
from regimens.models import RegimenVersion
from scheduling.models import Course, PlannedInfusion
from scheduling.queries import newer_version, version_preview

from .planning import replan
from .transactions import lock_course, retried
from .visits import NO_REASON

OTHER_VERSION = Refusal(
    "other_version", "This is no longer the newest approved version. Look at the preview again."
)


@retried
def move_to_version(
    *, course: Course, version: RegimenVersion, reason: str, by: User, now: datetime
) -> Course:
    """Let a running course go on by a newer approved version of its regimen: what is still to be given is planned
    anew; what was given, and booked times, stay.

    Refused without a reason, in an ended course, for any version but the newest approved one of the same regimen, and
    where a booked infusion would no longer be given: its visit is cancelled first.
    """
    if not reason.strip():
        raise Refused(NO_REASON)
    course = lock_course(course)
    if course.state != "active":
        raise Refused(Refusal("course_not_active", "This course has ended."))
    newest = newer_version(course)
    if newest is None or newest.pk != version.pk:
        raise Refused(OTHER_VERSION)
    changed = version_preview(course, version, now=now)
    if isinstance(changed, Refusal):
        raise Refused(changed)
    gone = [each for each in changed if each.after is None and each.before is not None]
    booked = [each for each in gone if each.visit is not None]
    if booked:
        words = f"Infusion {booked[0].n} is booked and not in this version. Cancel its visit first."
        raise Refused(Refusal("booked_no_longer_given", words))
    before, course.regimen_version = course.regimen_version, version
    course.save(update_fields=["regimen_version"])
    PlannedInfusion.objects.of(course.clinic).filter(
        pk__in=[each.before.pk for each in gone if each.before]
    ).update(state="cancelled", held_at=None, held_minutes=0)
    changes = replan(course, now=now)
    record(
        clinic=course.clinic,
        by=by,
        verb="moved course to version",
        subject=course,
        record_number=course.patient.record_number,
        changes={
            "regimen": [
                f"{before.code} version {before.version}",
                f"{version.code} version {version.version}",
            ],
            "reason": reason.strip(),
            **changes,
        },
    )
    return course
