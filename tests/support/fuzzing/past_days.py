"""What no schema can say of a sound body: which days have come."""

import schemathesis

LAST = "2025-06-30"


@schemathesis.hook
def map_body(context, body):
    """Take a day that has not come for one that has."""
    if not isinstance(body, dict):
        return body
    made = dict(body)
    if isinstance(made.get("as_of"), str) and made["as_of"][:10] > LAST:
        made["as_of"] = LAST
    return made
