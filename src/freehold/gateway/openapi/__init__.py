"""`/openapi.json`: what this gateway takes and gives, in OpenAPI 3.1.

It describes what Freehold itself checks and adds. Everything else in a request goes to the provider as it is, so fields that
are not named here are allowed everywhere. A test holds the document against the routes that exist, and schemathesis holds a
running gateway against the document.
"""

from freehold.gateway.openapi.document import document, encoded

__all__ = ["document", "encoded"]
