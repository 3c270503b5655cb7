"""Closes the default login and gives the product its own role."""
import subprocess

from session import login, quote, secret, settle

admin = secret("CASSANDRA_ADMIN_PASSWORD")
application = secret("CASSANDRA_APPLICATION_PASSWORD")

# The password set by an earlier run first: the built-in one works only once in a cluster's life.
accounts = [("cassandra", admin), ("cassandra", "cassandra")]
session, password = login(*accounts)

# Roles live on one node until told otherwise, and nobody could log in while it is away.
session.execute("ALTER KEYSPACE system_auth WITH replication = {'class': 'SimpleStrategy', 'replication_factor': {{.Replicas}}}")
settle(session)
subprocess.run(["/usr/local/bin/nodetool", "repair", "-full", "system_auth"], check=True, timeout=900)

if password != admin:
    session.execute("ALTER ROLE cassandra WITH PASSWORD = " + quote(admin))
session.execute("CREATE ROLE IF NOT EXISTS {{.User}} WITH PASSWORD = %s AND LOGIN = true AND SUPERUSER = false" % quote(application))
session.execute("ALTER ROLE {{.User}} WITH PASSWORD = %s AND LOGIN = true AND SUPERUSER = false" % quote(application))
session.cluster.shutdown()

# Both have to work before anything relies on them.
for user, password in (("cassandra", admin), ("{{.User}}", application)):
    login((user, password))[0].cluster.shutdown()
print("roles are in place")
