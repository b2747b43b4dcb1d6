"""The web application.

Gunicorn loads this once and forks its workers from it, so nothing here may open a connection or
start a thread.
"""

import os

from django.core.wsgi import get_wsgi_application
from django.urls import get_resolver

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "actionplan.settings")
application = get_wsgi_application()
# Loads the views before the fork, where otherwise each worker would load them with its first page.
get_resolver().url_patterns  # noqa: B018
