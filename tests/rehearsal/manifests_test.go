package rehearsal

import "testing"

const deployment = `{"version": 3, "deployment": {"resources": [
  {"type": "pulumi:providers:kubernetes", "custom": true, "inputs": {"kubeconfig": "k"}},
  {"type": "apim:workloads:ANM", "custom": false, "inputs": {}},
  {"type": "kubernetes:helm.sh/v3:Release", "custom": true, "inputs": {"chart": "traefik"}},
  {"type": "kubernetes:core/v1:Service", "custom": true, "delete": true, "inputs": {"kind": "Service", "apiVersion": "v1"}},
  {"type": "kubernetes:core/v1:Service", "custom": true, "inputs": {"__defaults": [], "kind": "Service", "apiVersion": "v1",
    "metadata": {"namespace": "apim", "name": "b"}, "spec": {"ports": [{"port": 8075}], "sessionAffinityConfig": 172800}}},
  {"type": "kubernetes:core/v1:Service", "custom": true, "inputs": {"kind": "Service", "apiVersion": "v1",
    "metadata": {"namespace": "apim", "name": "a"}}},
  {"type": "kubernetes:core/v1:Secret", "custom": true, "inputs": {"kind": "Secret", "apiVersion": "v1",
    "metadata": {"namespace": "apim", "name": "s"},
    "stringData": {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "plaintext": "{\"user\":\"u\",\"password\":\"p\"}"},
    "data": {"k": "dg=="}}},
  {"type": "kubernetes:core/v1:ConfigMap", "custom": true, "inputs": {"kind": "ConfigMap", "apiVersion": "v1",
    "metadata": {"namespace": "apim", "name": "c"},
    "data": {"open": "yes", "closed": {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "plaintext": "\"hush\""}}}}
]}}`

func TestManifestsAreTheDeclaredObjectsSortedWithTheirSecretsHidden(t *testing.T) {
	const want = `apiVersion: v1
data:
  closed: '[secret]'
  open: "yes"
kind: ConfigMap
metadata:
  name: c
  namespace: apim
---
apiVersion: v1
data:
  k: '[secret]'
kind: Secret
metadata:
  name: s
  namespace: apim
stringData:
  password: '[secret]'
  user: '[secret]'
---
apiVersion: v1
kind: Service
metadata:
  name: a
  namespace: apim
---
apiVersion: v1
kind: Service
metadata:
  name: b
  namespace: apim
spec:
  ports:
    - port: 8075
  sessionAffinityConfig: 172800
`
	got, err := Manifests([]byte(deployment))
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != want {
		t.Errorf("got:\n%s", got)
	}
}

func TestAStackWithoutObjectsHasNoManifests(t *testing.T) {
	got, err := Manifests([]byte(`{"deployment": {}}`))
	if err != nil || len(got) != 0 {
		t.Errorf("got %q, error %v", got, err)
	}
}
