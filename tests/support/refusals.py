# SPDX-License-Identifier: ISC
"""What holds for every refusal besides its status: it tells nothing, and it changes nothing."""
import contextlib
import re

import claviger_site

# Where a row does not say which field is named.
ANY_FIELD = object()


def kept_tokens(site):
    """All that the database keeps of tokens, but for when they were last used."""
    return site.rows("SELECT id, account, parent, selector, display_key, name, hash, permissions, "
                     "every_website, websites, allowed_ips, created_at, expires_at, revoked_at, "
                     "revoked_by, rotated_at, replaced_selector, replaced_hash, grace_ends_at "
                     "FROM tokens ORDER BY sequence")


@contextlib.contextmanager
def nothing_changes(site):
    before = kept_tokens(site)
    yield
    assert kept_tokens(site) == before


def tells_nothing(site, answer):
    """No key, hash, path of the server or SQL in an answer."""
    text = answer.body.decode() + "\n".join(f"{k}: {v}" for k, v in answer.headers)
    assert not any(key in text for key in site.minted), text
    assert not re.search(r"dft_[0-9A-Za-z]{48}", text), text
    assert "$s1$" not in text and str(site.directory) not in text, text
    assert not re.search(r"\b(SELECT|INSERT|UPDATE|sqlite)\b", text), text


def refused(web, body, status, reason, field=ANY_FIELD, key="owner", headers=None):
    """A creation with BODY is refused so, and nothing comes of it. Returns the answer."""
    with nothing_changes(web.site):
        answer = web.call("POST", claviger_site.TOKENS, body, key=key, headers=headers).check()
    tells_nothing(web.site, answer)
    assert (answer.status, answer.reason) == (status, reason), answer.error
    if field is not ANY_FIELD:
        assert answer.error.get("field") == field, answer.error
    return answer


def without_request_id(answer):
    """Body and headers without what differs between any two answers."""
    body = answer.body.replace(answer.header("X-Request-Id").encode(), b"ID")
    headers = sorted((k.lower(), v) for k, v in answer.headers
                     if k.lower() not in ("x-request-id", "date", "content-length"))
    return answer.status, headers, body
