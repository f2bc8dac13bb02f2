"""``manage.py open_clinic``: the first clinic of an installation, and its manager."""

from __future__ import annotations

from argparse import ArgumentParser
from datetime import time
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.utils import timezone

from clinics import actions
from clinics.domain.refusals import Refused
from clinics.domain.rights import Role


class Command(BaseCommand):
    help = "Open a clinic and give it a manager, who then adds the others on the People page."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("slug")
        parser.add_argument("--name", required=True)
        parser.add_argument("--time-zone", required=True, help="For example Europe/London.")
        parser.add_argument("--address", required=True)
        parser.add_argument("--phone", required=True, help="With the country, for example +44 20 7946 0000.")
        parser.add_argument(
            "--emergency-phone", required=True, help="What patients dial in an emergency, for example 999."
        )
        parser.add_argument("--email", required=True, help="Mails to patients name this address.")
        parser.add_argument("--country", default="", help="Two letters, for public holidays.")
        parser.add_argument("--region", default="", help="The holidays' region, where a country has several.")
        parser.add_argument("--opens", type=time.fromisoformat, default=time(8))
        parser.add_argument("--closes", type=time.fromisoformat, default=time(18))
        parser.add_argument("--chairs", type=int, default=4)
        parser.add_argument("--manager-email", required=True)
        parser.add_argument("--manager-name", required=True)

    def handle(self, *args: Any, **options: Any) -> None:
        fields = (
            "slug",
            "name",
            "time_zone",
            "address",
            "phone",
            "emergency_phone",
            "email",
            "country",
            "region",
            "opens",
            "closes",
            "chairs",
        )
        try:
            with transaction.atomic():
                clinic = actions.open_clinic(**{name: options[name] for name in fields})
                actions.add_member(
                    clinic=clinic,
                    email=options["manager_email"],
                    name=options["manager_name"],
                    role=Role.MANAGER,
                    by=None,
                    today=timezone.now().astimezone(clinic.zone).date(),
                )
        except ValidationError as wrong:
            lines = [f"{field}: {' '.join(words)}" for field, words in wrong.message_dict.items()]
            raise CommandError("\n".join(lines)) from wrong
        except Refused as refused:
            raise CommandError(str(refused)) from refused
        self.stdout.write(
            f"{clinic.name} is open. {options['manager_email']} chooses a password on the staff sign-in page, "
            "under “Set or forgot your password”."
        )
