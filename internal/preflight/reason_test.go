package preflight

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"syscall"
	"testing"
)

func TestReasonsHoldNothingThatChangesFromTryToTry(t *testing.T) {
	for want, err := range map[string]error{
		"anm is not known in DNS": &net.OpError{Op: "dial", Net: "tcp", Err: &net.DNSError{Err: "no such host", Name: "anm", Server: "10.0.0.10:53", IsNotFound: true}},
		"DNS doesn't answer for anm: i/o timeout": &net.DNSError{
			Err: "i/o timeout", Name: "anm", Server: "10.0.0.10:53", IsTimeout: true},
		"connection reset by peer": fmt.Errorf("login: %w", &net.OpError{
			Op: "read", Net: "tcp", Source: &net.TCPAddr{Port: 40312}, Addr: &net.TCPAddr{Port: 9042}, Err: os.NewSyscallError("read", syscall.ECONNRESET)}),
		"no answer in time":         &net.OpError{Op: "dial", Net: "tcp", Addr: &net.TCPAddr{Port: 9042}, Err: context.DeadlineExceeded},
		"it closed the connection":  fmt.Errorf("handshake: %w", io.EOF),
		"it doesn't speak TLS":      tls.RecordHeaderError{Msg: "first record does not look like a TLS handshake"},
		"something else altogether": errors.New("something else altogether"),
	} {
		if got := reason(err); got != want {
			t.Errorf("%q is %q, not %q", err, got, want)
		}
	}
}
