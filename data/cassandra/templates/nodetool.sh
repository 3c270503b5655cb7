#!/bin/sh
# Written by the node script. Java 8 from update 332 on refuses the address nodetool of the 2.2 line dials (CASSANDRA-17581),
# unless asked to parse it the old way.
export JAVA_HOME=/usr/lib/jvm/java-8-openjdk-amd64 CASSANDRA_HOME=/opt/cassandra CASSANDRA_CONF=/etc/cassandra
exec /opt/cassandra/bin/nodetool -Dcom.sun.jndi.rmiURLParsing=legacy "$@"
