"""People, sign-in, second factors and sessions."""
