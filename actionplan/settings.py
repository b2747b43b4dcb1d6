"""All settings, for every way of running.

What differs between places comes from the environment: see docs/reference/settings.md.
"""

from email.utils import formataddr, parseaddr
from importlib.resources import files
from pathlib import Path

import django_stubs_ext
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy

from actionplan import env, log_config

django_stubs_ext.monkeypatch()

BASE_DIR = Path(__file__).parent.parent
# changes with every release, and with it what browsers keep of pages
CODE_VERSION = env.fingerprint(
    path
    for pattern in (
        "actionplan/**/*.py",
        "commitments/**/*.py",
        "funding/**/*.py",
        "templates/**/*.html",
        "locale/**/*.mo",
        "static/*",
    )
    for path in BASE_DIR.glob(pattern)
)

# The site

SITE_URL = env.url(
    "SITE_URL", ("http", "https"), "https://plan.example.org", "http://localhost:8000"
).rstrip("/")
SECURE_HTTPS = SITE_URL.startswith("https://")
ALLOWED_HOSTS = env.words("ALLOWED_HOSTS", "localhost,127.0.0.1,[::1]")
DEBUG = env.boolean("DEBUG")
# the embedded default sets this; it never listens beyond the loopback address
TRIAL = env.boolean("ACTIONPLAN_TRIAL")
# the one clock: a day that the whole site takes for today, or the real one
ACTIONPLAN_TODAY = env.day("ACTIONPLAN_TODAY")

# The key that signs sessions and links, and seals second factors

SAMPLE_KEY = "sample-key-for-trials-on-this-machine-only"


def _is_weak(key: str) -> bool:
    is_trial = DEBUG or TRIAL
    return not is_trial and (key == SAMPLE_KEY or len(key) < 32)


SECRET_KEY = env.text("SECRET_KEY")
if not SECRET_KEY:
    raise ImproperlyConfigured(
        "SECRET_KEY is not set: give it a long random text and keep it secret."
    )
if _is_weak(SECRET_KEY):
    raise ImproperlyConfigured(
        "SECRET_KEY is a sample or shorter than 32 characters: give it a long random text."
    )
SECRET_KEY_FALLBACKS: list[str] = []
# while a key is replaced: what was signed or sealed by the one before still holds
_key_before = env.text("SECRET_KEY_BEFORE")
if _key_before:
    if _is_weak(_key_before):
        raise ImproperlyConfigured(
            "SECRET_KEY_BEFORE is a sample or shorter than 32 characters: leave it out."
        )
    SECRET_KEY_FALLBACKS.append(_key_before)

# Applications, and the way of a request

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "actionplan.apps.StaticFiles",
    "django_tables2",
    "django_filters",
    "crispy_forms",
    "crispy_bootstrap5",
    "csp",
    "django_structlog",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    # Lists open sessions. Its middleware is left out: it writes to the database with every page,
    # where accounts/sessions.py does so once a minute.
    "allauth.usersessions",
    "commitments",
    "funding",
    "actionplan.apps.ActionplanConfig",
]

# The order matters: a request passes from the top down, its answer from the bottom up.
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    # static files need nothing of what follows
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.middleware.gzip.GZipMiddleware",
    # The headers of every answer, also of one that the database was not there for: so before all
    # that asks it.
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "csp.middleware.CSPMiddleware",
    "django_permissions_policy.PermissionsPolicyMiddleware",
    "actionplan.middleware.limit_caching",
    "actionplan.middleware.limit_methods",
    # who is there
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "actionplan.accounts.middleware.limit_sessions",
    # The language is the account's; all that can refuse a request with a page comes after it.
    "actionplan.middleware.choose_language",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "actionplan.middleware.RequestLog",
    "allauth.account.middleware.AccountMiddleware",
    "actionplan.accounts.middleware.require_second_factor",
    # A token stands for a sign-in, but opens a few addresses only.
    "actionplan.api_tokens.middleware.TokenAccess",
    "actionplan.middleware.keep_typed_text",
]

ROOT_URLCONF = "actionplan.urls"
WSGI_APPLICATION = "actionplan.wsgi.application"
CSRF_FAILURE_VIEW = "actionplan.error_views.csrf_failure"

# Templates and static files

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "OPTIONS": {
            "loaders": [
                ("django.template.loaders.cached.Loader", ["actionplan.template_loader.Loader"])
            ],
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "actionplan.context_processors.site",
                "actionplan.context_processors.session",
                "actionplan.context_processors.page_of_plan",
            ],
            "builtins": [
                "django.templatetags.i18n",
                "commitments.templatetags.plan",
                "funding.templatetags.money",
            ],
        },
    }
]
# the choice of a filter that filters nothing
FILTERS_EMPTY_CHOICE_LABEL = gettext_lazy("All")
CRISPY_TEMPLATE_PACK = "bootstrap5"
CRISPY_ALLOWED_TEMPLATE_PACKS = "bootstrap5"
STATIC_URL = "static/"
STATIC_ROOT = Path(env.text("STATIC_ROOT", str(BASE_DIR / "staticfiles")))
STATICFILES_DIRS = [
    BASE_DIR / "static",
    # only the minified style sheet of it is collected, see actionplan/apps.py
    ("bootstrap/css", str(files("bootstrap") / "css")),
]

# Database, caches and files

DATABASES = {"default": env.database("DATABASE_URL")}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
CACHES = {
    # The counts of the limits on guessing: shared by all processes, and without Redis. A migration
    # makes the table.
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "actionplan_cache",
    },
    # Bodies of pages, in each web process. A key holds all that its page depends on, so none grows
    # old, and those not asked for make room (see commitments/pages/base.py).
    "pages": {
        "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
        "LOCATION": "pages",
        "TIMEOUT": None,
        "OPTIONS": {"MAX_ENTRIES": 200},
    },
}
MEDIA_ROOT = Path(env.text("MEDIA_ROOT", str(BASE_DIR / ".data" / "files")))
# signs checkpoints of the registers; outside the database, so that who has that alone signs nothing
CHECKPOINT_KEY = Path(env.text("CHECKPOINT_KEY", str(MEDIA_ROOT.parent / "checkpoint.key")))
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
# an entries file of 4 MiB comes back from its preview inside the form, encoded
DATA_UPLOAD_MAX_MEMORY_SIZE = 13 * 1024 * 1024
# uploads go to the disk, but for the smallest; evidence is bounded in all and refused from
# strangers
FILE_UPLOAD_MAX_MEMORY_SIZE = 256 * 1024
FILE_UPLOAD_HANDLERS = [
    "commitments.views.evidence.Bounded",
    "django.core.files.uploadhandler.MemoryFileUploadHandler",
    "commitments.views.evidence.OnDisk",
]

# Mail, and the queue of the jobs

# sets Django's settings of e-mail, whose names begin with EMAIL_
globals().update(env.email("EMAIL_URL"))
SENDER, CONTACT = parseaddr(env.text("DEFAULT_FROM_EMAIL", "actionplan@localhost"))
DEFAULT_FROM_EMAIL = formataddr((SENDER or "Actionplan", CONTACT))
SERVER_EMAIL = DEFAULT_FROM_EMAIL
# without a Redis nothing is queued, and `run_due_jobs` does the work
REDIS_URL = env.url("REDIS_URL", ("redis", "rediss", "unix"), "redis://host:6379/0")

# webhooks lead to servers on the internet by https, or anywhere and by http as well
WEBHOOKS_TO_PRIVATE_NETWORKS = env.boolean("WEBHOOKS_TO_PRIVATE_NETWORKS")

# Languages and times

LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("fr", "Français")]
# a reader's choice lasts a year
LANGUAGE_COOKIE_AGE = 31536000
LANGUAGE_COOKIE_HTTPONLY = True
LANGUAGE_COOKIE_SAMESITE = "Lax"
LOCALE_PATHS = [BASE_DIR / "locale"]
FORMAT_MODULE_PATH = "actionplan.formats"
USE_TZ = True
TIME_ZONE = "UTC"

# Accounts: Django's settings

AUTH_USER_MODEL = "actionplan.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 12},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "actionplan.accounts.password_validators.CommonWordsValidator"},
    {"NAME": "actionplan.accounts.password_validators.TokensEndWithPassword"},
]
LOGIN_URL = "sign-in"
LOGIN_REDIRECT_URL = "overview"
LOGOUT_REDIRECT_URL = "sign-in"
# seconds after which a session ends: after the sign-in, and after the last page that was asked for
SESSION_COOKIE_AGE = 12 * 3600
SESSION_IDLE = 3600
# seconds for which a link for a forgotten password works
PASSWORD_RESET_TIMEOUT = 2 * 3600

# Accounts: sign-in by password (allauth.account)

ACCOUNT_ADAPTER = "actionplan.accounts.adapters.AccountAdapter"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
# an account begins with a link that was sent to its address
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_FORMS = {
    "login": "actionplan.accounts.forms.SignInForm",
    "reauthenticate": "actionplan.accounts.forms.ConfirmPasswordForm",
    "change_password": "actionplan.accounts.forms.ChangePasswordForm",
    "reset_password": "actionplan.accounts.forms.ForgottenPasswordForm",
    "reset_password_from_key": "actionplan.accounts.forms.NewPasswordForm",
}
# Sign-ins by password have limits of their own, see accounts/rate_limits.py. Of these, login_failed
# holds for codes, after the right password.
ACCOUNT_RATE_LIMITS = {
    "login": "60/m/ip",
    "login_failed": "10/5m/key",
    "reauthenticate": "10/m/user",
    "change_password": "10/m/user",
    "reset_password": "20/m/ip,3/15m/key",
    "reset_password_from_key": "20/m/ip",
}
# With https there is a proxy in front, whose word on the visitor's address counts.
ALLAUTH_TRUSTED_PROXY_COUNT = int(SECURE_HTTPS)

# Accounts: second factors (allauth.mfa)

MFA_ADAPTER = "actionplan.accounts.adapters.SecondFactorAdapter"
MFA_FORMS = {
    "authenticate": "actionplan.accounts.forms.CodeForm",
    "reauthenticate": "actionplan.accounts.forms.ConfirmCodeForm",
    "activate_totp": "actionplan.accounts.forms.ActivateAppForm",
    "add_webauthn": "actionplan.accounts.forms.AddPasskeyForm",
}
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_RECOVERY_CODES_SHOW_ONCE = True
MFA_TOTP_ISSUER = "Actionplan"
# seconds, and how many of these periods a code is taken before and after its own
MFA_TOTP_PERIOD = 30
MFA_TOTP_TOLERANCE = 1
# browsers know passkeys on https and on localhost only
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = not SECURE_HTTPS

# Accounts: each side's own identity provider (allauth.socialaccount)

SOCIALACCOUNT_ADAPTER = "actionplan.accounts.adapters.OrganisationAdapter"
OIDC = env.identity_providers()
SOCIALACCOUNT_PROVIDERS = {
    "openid_connect": {
        "provider_class": "actionplan.accounts.oidc.Provider",
        "APPS": [
            {
                "provider_id": side.lower(),
                "name": side,
                "client_id": provider["CLIENT_ID"],
                "secret": provider["SECRET"],
                "settings": {"server_url": provider["ISSUER"]},
            }
            for side, provider in OIDC.items()
        ],
    }
}

# Cookies and headers: with https for https only

SESSION_COOKIE_SECURE = SECURE_HTTPS
CSRF_COOKIE_SECURE = SECURE_HTTPS
CSRF_COOKIE_HTTPONLY = True
CSRF_TRUSTED_ORIGINS = [SITE_URL]
SESSION_COOKIE_NAME = "session"
CSRF_COOKIE_NAME = "csrf"
if SECURE_HTTPS:
    # browsers take a cookie of such a name from this very host alone, and over https
    SESSION_COOKIE_NAME = "__Host-session"
    CSRF_COOKIE_NAME = "__Host-csrf"
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SECURE_HSTS_SECONDS = 365 * 24 * 3600
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HTTPS
SECURE_HSTS_PRELOAD = SECURE_HTTPS
SECURE_SSL_REDIRECT = SECURE_HTTPS
# what watches the site asks it directly, past the proxy
SECURE_REDIRECT_EXEMPT = [r"^health/"]
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "style-src": [SELF],
        "script-src": [SELF],
        # a passkey's script asks for a challenge
        "connect-src": [SELF],
        # Bootstrap's style sheet carries its small pictures as data: addresses
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
    }
}
PERMISSIONS_POLICY: dict[str, list[str]] = {
    "camera": [],
    "geolocation": [],
    "microphone": [],
    "payment": [],
    "usb": [],
}

# Logs

# who asked from where stays out of them
DJANGO_STRUCTLOG_IP_LOGGING_ENABLED = False
# log_config sets it all: the handlers that Django adds would write each error twice
LOGGING_CONFIG = None
log_config.configure(debug=DEBUG)
