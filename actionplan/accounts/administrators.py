"""Views for those who look after the site."""

from django.contrib.auth.mixins import UserPassesTestMixin
from django.views import View


class AdministratorRequired(UserPassesTestMixin, View):
    """Refuses other accounts, and leads visitors to the sign-in."""

    def test_func(self) -> bool:
        return self.request.user.is_superuser
