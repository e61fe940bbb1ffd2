"""The two releases of the app that are in the field."""

OLD_RELEASE = "2.4.0"
NEW_RELEASE = "2.5.0"
