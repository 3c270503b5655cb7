package metrics

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
)

// Options say what is served, and how fast time goes.
type Options struct {
	// File is the path of the load (see Load); empty: everything idles.
	File string
	// TimeScale is the number of simulated seconds in a real one; 0 means that nothing takes time.
	TimeScale float64
	// Log receives problems; nil is silent.
	Log func(format string, args ...any)
}

// Where the API is registered: the names AKS's own metrics-server has.
const (
	namespace   = "kube-system"
	serviceName = "metrics-server"
)

var apiServices = schema.GroupVersionResource{Group: "apiregistration.k8s.io", Version: "v1", Resource: "apiservices"}

// Start serves the API until ctx ends, on a port of this machine that changes with every start, registers it with the API
// server, and returns when it can be reached there. What an earlier start registered is replaced; nothing is taken back at the
// end, for the control plane ends as well. A registration that doesn't succeed within 10 s is logged and tried again in the
// background; errors are those of this machine and of a configuration that can't be used.
func Start(ctx context.Context, config *rest.Config, o Options) error {
	if o.Log == nil {
		o.Log = func(string, ...any) {}
	}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	objects, err := dynamic.NewForConfig(config)
	if err != nil {
		return err
	}
	certificate, authority, err := newCertificate()
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	s := &server{Options: o, client: client, objects: objects, authority: authority, listener: listener}
	resolution := window
	if o.TimeScale > 0 {
		resolution = time.Duration(float64(window) / o.TimeScale)
	} else {
		resolution = time.Millisecond // the API knows no figure without a time
	}
	web := &http.Server{
		Handler:           s.fromProxyOnly(handler{client, Load(o.File), resolution}.routes()),
		ReadHeaderTimeout: 10 * time.Second,
		TLSConfig: &tls.Config{
			Certificates: []tls.Certificate{certificate}, ClientAuth: tls.RequireAnyClientCert, MinVersion: tls.VersionTLS12,
		},
		ErrorLog: log.New(io.Discard, "", 0), // connections that break off when the API server is stopped
	}
	go func() { _ = web.ServeTLS(listener, "", "") }() // ends with Close
	go func() { <-ctx.Done(); _ = web.Close() }()
	// The first try is over before anybody else asks for the APIs there are.
	if err := s.register(ctx); err != nil {
		go s.keepRegistering(ctx, err)
	}
	return nil
}

type server struct {
	Options
	client    kubernetes.Interface
	objects   dynamic.Interface
	authority []byte // PEM
	listener  net.Listener
}

func (s *server) keepRegistering(ctx context.Context, err error) {
	for ; err != nil; err = s.register(ctx) {
		select {
		case <-ctx.Done():
			return
		case <-time.After(time.Second):
		}
		s.Log("metrics: %v; trying again", err)
	}
}

// register makes the Service and the APIService that lead here. The Service only names the machine; the port is in the APIService.
func (s *server) register(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	_, err := s.client.CoreV1().Services(namespace).Create(ctx, &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{Name: serviceName},
		Spec:       corev1.ServiceSpec{Type: corev1.ServiceTypeExternalName, ExternalName: "localhost"},
	}, metav1.CreateOptions{})
	if err != nil && !apierrors.IsAlreadyExists(err) {
		return err
	}
	name := version + "." + group
	patch, err := json.Marshal(map[string]any{
		"apiVersion": "apiregistration.k8s.io/v1", "kind": "APIService", "metadata": map[string]any{"name": name},
		"spec": map[string]any{
			"group": group, "version": version, "groupPriorityMinimum": 100, "versionPriority": 100, // metrics-server's
			"caBundle": base64.StdEncoding.EncodeToString(s.authority),
			"service":  map[string]any{"namespace": namespace, "name": serviceName, "port": s.listener.Addr().(*net.TCPAddr).Port},
		},
	})
	if err != nil {
		return err
	}
	object := &unstructured.Unstructured{}
	if err := object.UnmarshalJSON(patch); err != nil {
		return err
	}
	ours := metav1.ApplyOptions{FieldManager: "rehearsal-metrics", Force: true}
	if _, err = s.objects.Resource(apiServices).Apply(ctx, name, object, ours); err != nil {
		return err
	}
	return s.waitServed(ctx)
}

// waitServed returns once the API server passes requests on, which takes it some tenths of a second. Until then its list of APIs is
// incomplete, and clients that read it fail.
func (s *server) waitServed(ctx context.Context) error {
	for {
		err := s.client.CoreV1().RESTClient().Get().AbsPath(root).Do(ctx).Error()
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("the API server doesn't find the metrics API: %w", err)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// fromProxyOnly lets only the API server in: the one client with a certificate of the front proxy's authority, which the API
// server publishes.
func (s *server) fromProxyOnly(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := s.checkProxy(r.Context(), r.TLS.PeerCertificates); err != nil {
			write(w, http.StatusUnauthorized, apierrors.NewUnauthorized(err.Error()).Status())
			return
		}
		next.ServeHTTP(w, r)
	})
}

func (s *server) checkProxy(ctx context.Context, chain []*x509.Certificate) error {
	published, err := s.client.CoreV1().ConfigMaps(namespace).Get(ctx, "extension-apiserver-authentication", metav1.GetOptions{})
	if err != nil {
		return err
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM([]byte(published.Data["requestheader-client-ca-file"])) {
		return errors.New("the API server publishes no authority for front proxies")
	}
	usages := []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
	if _, err := chain[0].Verify(x509.VerifyOptions{Roots: roots, KeyUsages: usages}); err != nil {
		return err
	}
	var allowed []string // none: any
	if err := json.Unmarshal([]byte(published.Data["requestheader-allowed-names"]), &allowed); err != nil {
		return fmt.Errorf("requestheader-allowed-names: %w", err)
	}
	if name := chain[0].Subject.CommonName; len(allowed) > 0 && !slices.Contains(allowed, name) {
		return fmt.Errorf("%q is no front proxy", name)
	}
	return nil
}

// newCertificate makes a certificate for the name the API server expects behind the Service, and is its own authority (PEM).
func newCertificate() (tls.Certificate, []byte, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, nil, err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: serviceName},
		DNSNames:  []string{serviceName + "." + namespace + ".svc"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().AddDate(1, 0, 0),
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return tls.Certificate{}, nil, err
	}
	authority := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, authority, nil
}
