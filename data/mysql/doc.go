// Package mysql derives what the metrics database server needs from its configuration, and renders the script that creates its
// users. It knows nothing of Pulumi, so all of it is held by table tests.
package mysql
