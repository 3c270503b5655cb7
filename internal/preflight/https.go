package preflight

import (
	"context"
	"fmt"
	"net/http"
)

// HTTPS is a server that has to answer.
type HTTPS struct {
	// URL is what to get, https only.
	URL string
	// ServerName is the name the server's certificate has to be for; empty: the URL's host.
	ServerName string
	// CA is a PEM file with the authorities to trust; empty: those of the system.
	CA string
}

// Check succeeds on any status from 200 to 399. Redirects are an answer and are not followed: they lead to public names.
func (h HTTPS) Check(name string) Check {
	return Check{name, func(ctx context.Context) (string, error) {
		config, err := trusting(h.ServerName, h.CA)
		if err != nil {
			return "", err
		}
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, h.URL, nil)
		if err != nil {
			return "", err
		}
		client := http.Client{
			// No proxy: these are servers of the same cluster.
			Transport:     &http.Transport{TLSClientConfig: config, DisableKeepAlives: true},
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		}
		response, err := client.Do(request)
		if err != nil {
			return "", fmt.Errorf("%s: %s", h.URL, reason(err))
		}
		response.Body.Close()
		if response.StatusCode < 200 || response.StatusCode > 399 {
			return "", fmt.Errorf("%s answers %s", h.URL, response.Status)
		}
		return fmt.Sprintf("%s answers %s", h.URL, response.Status), nil
	}}
}
