package kubernetes

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/dynamic"
)

// A Helm release is kept the way Helm does it, as a Secret in its namespace, so that it is found again, a name in use is
// refused and one removed behind Pulumi's back shows in a refresh.

// Release is a Helm release as its record in the cluster tells it.
type Release struct {
	Name, Namespace string
	// Chart is the chart's own name, such as ingress-azure, without the repository's address.
	Chart, Version string
	// Values are those given by the program; the chart's defaults are not among them.
	Values map[string]any
}

// Releases lists the releases of a cluster, by namespace and name. It reads every namespace's Secrets, so it needs an
// administrator's access.
func Releases(ctx context.Context, client dynamic.Interface) ([]Release, error) {
	found, err := client.Resource(secrets).List(ctx, metav1.ListOptions{LabelSelector: "owner=helm"})
	if err != nil {
		return nil, fmt.Errorf("the records of Helm releases: %w", err)
	}
	var releases []Release
	for _, secret := range found.Items {
		if text(secret.Object, "type") != recordType {
			continue
		}
		release, err := parseRecord(text(secret.Object, "data", "release"))
		if err != nil {
			return nil, fmt.Errorf("the Helm record %s/%s: %w", secret.GetNamespace(), secret.GetName(), err)
		}
		releases = append(releases, release)
	}
	slices.SortFunc(releases, func(a, b Release) int {
		return strings.Compare(a.Namespace+"/"+a.Name, b.Namespace+"/"+b.Name)
	})
	return releases, nil
}

const recordType = "helm.sh/release.v1"

// recordContent is the part of Helm's record the rehearsal writes (Helm 3, pkg/release/release.go). There is no manifest,
// since no template is rendered.
type recordContent struct {
	Name      string         `json:"name"`
	Namespace string         `json:"namespace"`
	Revision  int            `json:"version"`
	Info      recordInfo     `json:"info"`
	Chart     recordChart    `json:"chart"`
	Config    map[string]any `json:"config,omitempty"`
}

type recordInfo struct {
	Status string `json:"status"`
}

type recordChart struct {
	Metadata struct {
		Name    string `json:"name"`
		Version string `json:"version"`
	} `json:"metadata"`
}

// record is the Secret a release is kept in. Helm makes one per revision; here the first is written over, since nothing is
// ever rolled back.
func (r release) record(revision int) object {
	content := recordContent{
		Name: r.name, Namespace: r.namespace, Revision: revision, Info: recordInfo{Status: "deployed"}, Config: r.values,
	}
	content.Chart.Metadata.Name, content.Chart.Metadata.Version = r.chartName(), r.version
	o := r.object("v1", "Secret", "sh.helm.release.v1."+r.name+".v1")
	set(o, object{"owner": "helm", "name": r.name, "status": "deployed", "version": fmt.Sprint(revision)}, "metadata", "labels")
	o["type"] = recordType
	o["data"] = object{"release": encodeRecord(content)}
	return o
}

// encodeRecord packs a record as Helm does: JSON, gzip, base64 (pkg/storage/driver/util.go), and base64 once more, as a Secret
// wants its data.
func encodeRecord(content recordContent) string {
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	_ = json.NewEncoder(w).Encode(content) // values are JSON by origin, and memory takes all writes
	_ = w.Close()
	once := base64.StdEncoding.EncodeToString(packed.Bytes())
	return base64.StdEncoding.EncodeToString([]byte(once))
}

func parseRecord(data string) (Release, error) {
	once, err := base64.StdEncoding.DecodeString(data)
	if err != nil {
		return Release{}, err
	}
	packed, err := base64.StdEncoding.DecodeString(string(once))
	if err != nil {
		return Release{}, err
	}
	r, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return Release{}, err
	}
	body, err := io.ReadAll(r)
	if err != nil {
		return Release{}, err
	}
	var content recordContent
	if err := json.Unmarshal(body, &content); err != nil {
		return Release{}, err
	}
	return Release{
		Name: content.Name, Namespace: content.Namespace,
		Chart: content.Chart.Metadata.Name, Version: content.Chart.Metadata.Version, Values: content.Config,
	}, nil
}
