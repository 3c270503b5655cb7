package plan

import (
	"regexp"
	"strings"
	"testing"
)

func TestZonesAndCopiesDecideKindAndRedundancy(t *testing.T) {
	for name, test := range map[string]struct {
		got, want Account
	}{
		"events in a region with zones": {
			Events{ZoneRedundant: true}.Account(),
			Account{"FileStorage", "Premium_ZRS"},
		},
		"events in a region without zones": {
			Events{}.Account(),
			Account{"FileStorage", "Premium_LRS"},
		},
		"logs in a region with zones": {
			Logs{ZoneRedundant: true}.Account(),
			Account{"BlockBlobStorage", "Premium_ZRS"},
		},
		"logs in a region without zones": {
			Logs{}.Account(),
			Account{"BlockBlobStorage", "Premium_LRS"},
		},
		"logs with a copy in the paired region": {
			Logs{ZoneRedundant: true, GeoRedundant: true}.Account(),
			Account{"StorageV2", "Standard_GZRS"},
		},
		"logs with a copy, in a region without zones": {
			Logs{GeoRedundant: true}.Account(),
			Account{"StorageV2", "Standard_GRS"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			if test.got != test.want {
				t.Errorf("%v, want %v", test.got, test.want)
			}
		})
	}
}

func TestShareSizesAzureRefusesAreRefused(t *testing.T) {
	for size, valid := range map[int]bool{0: false, 99: false, 100: true, 102400: true, 102401: false} {
		err := Events{ShareGB: size}.Validate()
		if (err == nil) != valid {
			t.Errorf("%d GiB: %v", size, err)
		}
		if err != nil && !strings.Contains(err.Error(), "storage.eventsShareGB:") {
			t.Errorf("%q does not name its key", err)
		}
	}
}

func TestRetentionOutOfRangeIsRefused(t *testing.T) {
	for days, valid := range map[int]bool{0: false, 1: true, 3650: true, 3651: false} {
		err := Logs{RetentionDays: days}.Validate()
		if (err == nil) != valid {
			t.Errorf("%d days: %v", days, err)
		}
		if err != nil && !strings.Contains(err.Error(), "storage.logs.retentionDays:") {
			t.Errorf("%q does not name its key", err)
		}
	}
}

func TestContainerAndShareNamesAreLegal(t *testing.T) {
	legal := regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)
	seen := map[string]bool{}
	for _, name := range append(Containers(), Share) {
		if len(name) < 3 || len(name) > 63 || !legal.MatchString(name) || seen[name] {
			t.Errorf("%q is no legal name, or used twice", name)
		}
		seen[name] = true
	}
	if len(seen) != 4 {
		t.Errorf("%d names, want 3 containers and a share", len(seen))
	}
}

func TestAnAccountWithoutASubnetIsRefused(t *testing.T) {
	if err := Wiring("storage events", ""); err == nil || !strings.Contains(err.Error(), "storage events: SubnetID") {
		t.Errorf("%v does not name what is missing", err)
	}
	if err := Wiring("storage events", "/subscriptions/s"); err != nil {
		t.Error(err)
	}
}
