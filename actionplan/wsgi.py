"""The pages. The web processes are forked from one that has loaded this, and share what is loaded
before the fork.

No connection may be opened and no thread be started here: neither outlives a fork whole.
"""

import gc
import os

from django.core.wsgi import get_wsgi_application
from django.urls import get_resolver

# a collection of what is being loaded finds next to nothing, and takes a tenth of the start
gc.disable()
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "actionplan.settings")
application = get_wsgi_application()
# the views too, which the first request would load in each process for itself
assert get_resolver().url_patterns
# no later collection looks at these, which would copy their pages into each process
gc.freeze()
gc.enable()
