"""The product's settings as they are, and beside them what only a baseline needs: the admin, and
addresses for it.
"""

from actionplan.settings import *  # noqa: F403
from actionplan.settings import INSTALLED_APPS

INSTALLED_APPS = [*INSTALLED_APPS, "django.contrib.admin"]
ROOT_URLCONF = "tests.bench.urls"
