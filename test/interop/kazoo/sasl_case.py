"""SASL DIGEST-MD5 as kazoo speaks it (through pure-sasl), and digest logins beside it."""
from kazoo.exceptions import AuthFailedError, NoAuthError
from kazoo.handlers.threading import KazooTimeoutError
from kazoo.security import ACL, Id, Permissions, make_digest_acl

from shared import client, done, equal


def sasl_client(user, password, **more):
    options = {"mechanism": "DIGEST-MD5", "username": user, "password": password}
    return client(sasl_options=options, **more)


bob = sasl_client("bob", "bobsecret")
superuser = sasl_client("super", "adminsecret")
nobody = client()

bob.create("/bobs", b"x", acl=[ACL(Permissions.ALL, Id("sasl", "bob"))])
equal("bob reads his own", bob.get("/bobs")[0], b"x")
equal("and so does the user called super", superuser.get("/bobs")[0], b"x")
try:
    nobody.get("/bobs")
    raise AssertionError("somebody reads what is bob's")
except NoAuthError:
    pass

bob.create("/auths", b"", acl=[ACL(Permissions.ALL, Id("auth", ""))])
equal("auth stands for bob", bob.get_acls("/auths")[0][0].id, Id("sasl", "bob"))

# Several digest logins one after another, as kazoo remembers and repeats them.
LOGINS = [("one", "1"), ("two", "2"), ("three", "3")]
both = sasl_client("bob", "bobsecret", auth_data=[("digest", ":".join(login)) for login in LOGINS[:2]])
both.add_auth("digest", ":".join(LOGINS[2]))
for user, password in LOGINS:
    path = "/digest-" + user
    both.create(path, b"d", acl=[make_digest_acl(user, password, all=True)])
    equal("a digest login of " + user, both.get(path)[0], b"d")
equal("and still bob", both.get("/bobs")[0], b"x")

# kazoo notes this as the state of its connection, and every call says it; start itself does if the refusal is there before it looks.
try:
    sasl_client("bob", "wrong").get("/")
    raise AssertionError("a wrong password logs in")
except (AuthFailedError, KazooTimeoutError):
    pass

done()
