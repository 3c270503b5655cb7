"""Logs in to the local node. Both drivers and statements are those of Cassandra 2.2: native protocol 4."""
import os
import sys
import time

from cassandra import AuthenticationFailed, ConsistencyLevel
from cassandra.auth import PlainTextAuthProvider
from cassandra.cluster import Cluster, NoHostAvailable
from cassandra.policies import WhiteListRoundRobinPolicy

ADDRESS, PORT = "{{.Node.Address}}", {{.NativePort}}
DEADLINE = time.monotonic() + 600


def quote(text):
    """A CQL string literal."""
    return "'" + text.replace("'", "''") + "'"


def login(*accounts):
    """Returns a session of the first (user, password) the node takes, and the password; retries until the deadline, because roles
    appear some seconds after the first node has started."""
    while True:
        problem = None
        for user, password in accounts:
            cluster = Cluster(
                [ADDRESS], port=PORT, protocol_version=4, connect_timeout=20, control_connection_timeout=20,
                auth_provider=PlainTextAuthProvider(user, password),
                load_balancing_policy=WhiteListRoundRobinPolicy([ADDRESS]))
            try:
                session = cluster.connect()
                session.default_timeout = 60
                session.default_consistency_level = ConsistencyLevel.QUORUM
                return session, password
            except (NoHostAvailable, AuthenticationFailed) as error:
                cluster.shutdown()
                problem = error
        if time.monotonic() > DEADLINE:
            sys.exit("FAILED: no login at %s:%d: %s" % (ADDRESS, PORT, problem))
        time.sleep(5)


def settle(session):
    """Waits until all nodes hold the same schema, so that the next statement meets it everywhere."""
    if not session.cluster.control_connection.wait_for_schema_agreement(wait_time=120):
        sys.exit("FAILED: the nodes don't agree on the schema after 2 minutes; check `nodetool describecluster`")


def secret(name):
    """An environment variable that has to be there."""
    return os.environ.get(name) or sys.exit("FAILED: %s is not set" % name)
