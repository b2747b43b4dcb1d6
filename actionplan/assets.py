"""Static files under hashed names, so that a browser may keep them for ever; of Bootstrap only the one file in use."""

from whitenoise.storage import CompressedManifestStaticFilesStorage


class Storage(CompressedManifestStaticFilesStorage):
    manifest_strict = False
