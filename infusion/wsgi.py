"""The WSGI entry for the web server."""

import os

from django.core.wsgi import get_wsgi_application
from django.urls import get_resolver

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "infusion.settings")
application = get_wsgi_application()
# Every page's code is loaded as the process starts, not at the first request that meets it.
get_resolver().url_patterns  # noqa: B018 (a lazy attribute)
