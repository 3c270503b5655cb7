"""Creates the keyspaces of one gateway group where they don't exist. Nothing is altered or dropped."""
from session import login, secret, settle

session, _ = login(("cassandra", secret("CASSANDRA_ADMIN_PASSWORD")))
{{- range .Keyspaces}}
session.execute("""CREATE KEYSPACE IF NOT EXISTS "{{.}}"
    WITH replication = {'class': 'SimpleStrategy', 'replication_factor': {{$.Replicas}}}""")
settle(session)
session.execute('GRANT ALL PERMISSIONS ON KEYSPACE "{{.}}" TO {{$.User}}')
print("keyspace {{.}} is in place")
{{- end}}
session.cluster.shutdown()
