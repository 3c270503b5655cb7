package preflight

import (
	"context"
	"crypto/tls"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"apim-azure/internal/preflight/servertest"
)

// try tries a check once, as a round does, with the time a slow machine needs.
func try(t *testing.T, check Check) (string, error) {
	t.Helper()
	outcome := round(t.Context(), []Check{check}, 20*time.Second)[0]
	if outcome.ready {
		return outcome.text, nil
	}
	return "", errText(outcome.text)
}

type errText string

func (e errText) Error() string { return string(e) }

// secure starts an HTTPS server with a certificate; plain HTTP with none.
func secure(t *testing.T, certificate *tls.Certificate) (address string) {
	t.Helper()
	mux := http.NewServeMux()
	mux.HandleFunc("/login", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) })
	mux.Handle("/moved", http.RedirectHandler("https://nowhere.invalid/", http.StatusFound))
	mux.HandleFunc("/busy", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) })
	mux.HandleFunc("/slow", func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	server := httptest.NewUnstartedServer(mux)
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	if certificate == nil {
		server.Start()
	} else {
		server.TLS = &tls.Config{Certificates: []tls.Certificate{*certificate}}
		server.StartTLS()
	}
	t.Cleanup(server.Close)
	return server.Listener.Addr().String()
}

func TestAnHTTPSServerIsHeldToItsCertificateAndItsAnswer(t *testing.T) {
	authority := servertest.NewAuthority(t, "the platform's CA")
	good, expired, other := authority.Leaf(time.Hour, "anm", "127.0.0.1"), authority.Leaf(-time.Hour, "anm"), authority.Leaf(time.Hour, "ui.example.com")
	stranger := servertest.NewAuthority(t, "another CA").Leaf(time.Hour, "anm")
	ca := filepath.Join(authority.Folder(good), "ca.crt")
	address := secure(t, &good)
	closed := refusing(t)
	for _, c := range []struct {
		name, url, server, ca string
		// found and missing are what is said; one of them is empty.
		found, missing string
	}{
		{"well", "https://" + address + "/login", "anm", ca, "answers 200 OK$", ""},
		{"by its address", "https://" + address + "/login", "", ca, "answers 200 OK$", ""},
		{"a redirect", "https://" + address + "/moved", "anm", ca, "answers 302 Found$", ""},
		{"not there", "https://" + address + "/healthcheck", "anm", ca, "", "/healthcheck answers 404 Not Found$"},
		{"not ready", "https://" + address + "/busy", "anm", ca, "", "/busy answers 503 Service Unavailable$"},
		{"the system's authorities", "https://" + address + "/login", "anm", "", "", `signed by "the platform's CA", which is not trusted here`},
		{"another authority's", "https://" + secure(t, &stranger) + "/login", "anm", ca, "", `signed by "another CA", which is not trusted here`},
		{"another name", "https://" + secure(t, &other) + "/login", "anm", ca, "", "its certificate is for ui.example.com, not for anm$"},
		{"expired", "https://" + secure(t, &expired) + "/login", "anm", ca, "", "its certificate expired on 20[0-9: -]+$"},
		{"plain HTTP", "https://" + secure(t, nil) + "/login", "anm", ca, "", "it speaks plain HTTP, not HTTPS$"},
		{"nobody", "https://" + closed + "/login", "anm", ca, "", "/login: connection refused$"},
		{"no such CA file", "https://" + address + "/login", "anm", ca + ".none", "", "no such file or directory$"},
	} {
		found, err := try(t, HTTPS{c.url, c.server, c.ca}.Check("anm"))
		switch {
		case c.missing == "" && (err != nil || !regexp.MustCompile(c.found).MatchString(found)):
			t.Errorf("%s: found %q, %v", c.name, found, err)
		case c.missing != "" && (err == nil || !regexp.MustCompile(c.missing).MatchString(err.Error())):
			t.Errorf("%s: %v, not %q", c.name, err, c.missing)
		}
	}
}

func TestAServerThatHangsTakesOneTryAndNoMore(t *testing.T) {
	authority := servertest.NewAuthority(t, "the platform's CA")
	leaf := authority.Leaf(time.Hour, "anm")
	ca := filepath.Join(authority.Folder(leaf), "ca.crt")
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	_, err := HTTPS{"https://" + secure(t, &leaf) + "/slow", "anm", ca}.Check("anm").Try(ctx)
	if err == nil || !strings.HasSuffix(err.Error(), "no answer in time") {
		t.Error(err)
	}
}

// refusing is an address nobody listens at.
func refusing(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().String()
}
